// See runwords.h.
#include "ui/runs/runwords.h"

#include "core/train/settingcomparison.h"
#include "ui/widgets/words.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

#include <nlohmann/json.hpp>

namespace fettle::ui {

namespace {

using engine::RunState;

QString tr(const char *text)
{
    return QCoreApplication::translate("fettle::ui::RunWords", text);
}

// What stands in the table of settings is English there; a translation finds it by its text.
QString settingWord(std::string_view text)
{
    return QCoreApplication::translate("fettle::train::Settings", std::string(text).c_str());
}

QString numberText(double value)
{
    return QLocale().toString(value, 'g', 6);
}

nlohmann::json recipeOf(const engine::RunInfo &run)
{
    return nlohmann::json::parse(run.recipeJson, nullptr, false);
}

QString valueOf(const nlohmann::json &recipe, std::string_view key)
{
    const train::SettingField *field = train::findSetting(key);
    const auto value = field ? storedSetting(recipe, *field) : std::nullopt;
    return value ? settingValueText(*field, *value) : QString();
}

QString startedText(const engine::RunInfo &run)
{
    const auto when = QDateTime::fromString(QString::fromStdString(run.started), Qt::ISODate).toLocalTime();
    const QString text = whenText(when);
    return when.date() == QDate::currentDate() ? tr("today %1").arg(text) : text;
}

} // namespace

QString runStateIcon(RunState state)
{
    switch (state) {
    case RunState::Idle: return QStringLiteral("clock");
    case RunState::Preparing: return QStringLiteral("clock");
    case RunState::Running: return QStringLiteral("play");
    case RunState::Pausing:
    case RunState::Paused: return QStringLiteral("circle-pause");
    case RunState::Stopping:
    case RunState::Cancelled: return QStringLiteral("circle-stop");
    case RunState::Finished: return QStringLiteral("circle-check");
    case RunState::Failed: return QStringLiteral("circle-alert");
    case RunState::Interrupted: return QStringLiteral("power-off");
    }
    return {};
}

Ink runStateInk(RunState state)
{
    switch (state) {
    case RunState::Preparing:
    case RunState::Running:
    case RunState::Pausing: return Ink::Accent;
    case RunState::Finished: return Ink::Good;
    case RunState::Failed: return Ink::Bad;
    case RunState::Interrupted: return Ink::Warning;
    default: return Ink::Muted;
    }
}

BadgeTone runStateTone(RunState state)
{
    switch (runStateInk(state)) {
    case Ink::Accent: return BadgeTone::Accent;
    case Ink::Good: return BadgeTone::Good;
    case Ink::Bad: return BadgeTone::Bad;
    case Ink::Warning: return BadgeTone::Warning;
    default: return BadgeTone::Neutral;
    }
}

bool isRunWorking(RunState state)
{
    return state == RunState::Preparing || state == RunState::Running || state == RunState::Pausing || state == RunState::Stopping;
}

bool isRunResumable(RunState state)
{
    return state == RunState::Paused || state == RunState::Interrupted || state == RunState::Cancelled || state == RunState::Failed;
}

QString runMethodLine(const engine::RunInfo &run)
{
    const QString method = methodText(run.method);
    const QString rank = run.method == "lora" ? valueOf(recipeOf(run), "rank") : QString();
    return rank.isEmpty() ? method : tr("%1, rank %2").arg(method, rank);
}

QString runListName(const engine::RunInfo &run)
{
    return run.name == "Run " + std::to_string(run.id.value) || run.name.empty() ? runMethodLine(run) : QString::fromStdString(run.name);
}

QString runFactsLine(const engine::RunInfo &run)
{
    QStringList facts{runMethodLine(run)};
    if (run.snapshot.isValid())
        facts.append(tr("snapshot %1").arg(run.snapshot.value));
    if (const QString seed = valueOf(recipeOf(run), "seed"); !seed.isEmpty())
        facts.append(tr("seed %1").arg(QString(seed).remove(QLocale().groupSeparator())));
    return facts.join(QStringLiteral(", "));
}

QString runSecondLine(const engine::RunInfo &run, double secondsLeft)
{
    const QString started = startedText(run);
    switch (run.state) {
    case RunState::Idle: return tr("waits for its turn");
    case RunState::Preparing: return tr("reads rows and weights");
    case RunState::Running:
        return secondsLeft >= 0 ? tr("step %1 of %2, %3").arg(countText(run.step), countText(run.steps), timeLeftText(secondsLeft))
                                : tr("step %1 of %2").arg(countText(run.step), countText(run.steps));
    case RunState::Pausing: return tr("saves step %1").arg(countText(run.step));
    case RunState::Stopping: return tr("stops at step %1").arg(countText(run.step));
    case RunState::Paused: return tr("%1, paused at %2").arg(started, countText(run.step));
    case RunState::Finished: return tr("%1, %2").arg(started, durationText(run.seconds));
    case RunState::Cancelled: return tr("%1, stopped by you at %2").arg(started, countText(run.step));
    case RunState::Failed: return tr("%1, failed at %2").arg(started, countText(run.step));
    case RunState::Interrupted: return tr("%1, cut off at %2").arg(started, countText(run.step));
    }
    return {};
}

FailureWords failureWords(const std::string &failure)
{
    // The engine stores "message hint". The message ends at the first full stop that a capital letter follows outside quotation marks.
    const QString text = QString::fromStdString(failure).trimmed();
    bool isQuoted = false;
    for (qsizetype i = 0; i + 2 < text.size(); ++i) {
        if (text[i] == QLatin1Char('"'))
            isQuoted = !isQuoted;
        if (!isQuoted && text[i] == QLatin1Char('.') && text[i + 1] == QLatin1Char(' ') && text[i + 2].isUpper())
            return {text.left(i + 1), text.mid(i + 2)};
    }
    return {text, {}};
}

QString settingLabel(const train::SettingField &field)
{
    return settingWord(field.label);
}

QString settingValueText(const train::SettingField &field, const train::SettingValue &value)
{
    QString text;
    if (const auto *number = std::get_if<std::int64_t>(&value)) {
        text = field.key == "seed" ? QString::number(*number) : countText(*number);
    } else if (const auto *real = std::get_if<double>(&value)) {
        text = numberText(*real);
    } else if (const auto *flag = std::get_if<bool>(&value)) {
        text = *flag ? tr("yes") : tr("no");
    } else if (const auto *word = std::get_if<std::string>(&value)) {
        text = QString::fromStdString(*word);
        for (std::size_t i = 0; i < field.choices.size() && i < field.choiceLabels.size(); ++i) {
            if (field.choices[i] == *word)
                text = settingWord(field.choiceLabels[i]);
        }
    }
    return field.unit.empty() ? text : tr("%1 %2").arg(text, settingWord(field.unit));
}

QString assignmentText(const QString &assignment)
{
    const std::string key = assignment.section(QLatin1Char('='), 0, 0).toStdString();
    const train::SettingField *field = train::findSetting(key);
    train::Recipe recipe;
    if (!field || !train::applySetting(recipe, assignment.toStdString()))
        return assignment;
    QString label = settingLabel(*field);
    label.replace(0, 1, label.left(1).toLower());
    return tr("%1 %2").arg(label, settingValueText(*field, recipe.values.at(key)));
}

} // namespace fettle::ui
