// See runreport.h.
#include "ui/runs/runreport.h"

#include "core/base/worddiff.h"
#include "core/train/settingcomparison.h"
#include "ui/runs/runwords.h"
#include "ui/widgets/words.h"

#include <nlohmann/json.hpp>

#include <QCoreApplication>

namespace fettle::ui {

namespace {

struct Report {
    Q_DECLARE_TR_FUNCTIONS(fettle::ui::Report)
};

constexpr const char *kStyle = "body{font:15px/1.5 system-ui,sans-serif;color:#1d2021;background:#fff;max-width:960px;margin:32px auto;padding:0 16px}"
                               "h1{font-size:24px}h2{font-size:17px;margin-top:32px;border-bottom:1px solid #d5d5d0}table{border-collapse:collapse;width:100%}"
                               "td,th{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid #e6e6e1;vertical-align:top}"
                               "mark{background:#d4e7ee;text-decoration:underline}svg{width:100%;height:auto}.muted{color:#595f63}";

QString escaped(const std::string &text)
{
    return QString::fromStdString(text).toHtmlEscaped().replace(QLatin1Char('\n'), QStringLiteral("<br>"));
}

QString row(const QString &name, const QString &value)
{
    return QStringLiteral("<tr><th>%1</th><td>%2</td></tr>").arg(name.toHtmlEscaped(), value);
}

QString section(const QString &title)
{
    return QStringLiteral("<h2>%1</h2>").arg(title.toHtmlEscaped());
}

QString factsTable(const ReportParts &parts)
{
    const engine::RunInfo &run = parts.run;
    QString text = QStringLiteral("<table>");
    text += row(Report::tr("State"), runStateText(run.state).toHtmlEscaped());
    text += row(Report::tr("Method"), runMethodLine(run).toHtmlEscaped());
    text += row(Report::tr("Base model"), escaped(run.modelName));
    text += row(Report::tr("Hash of the base model"), escaped(run.modelHash));
    text += row(Report::tr("Data"), Report::tr("snapshot %1").arg(run.snapshot.value));
    text += row(Report::tr("Steps"), Report::tr("%1 of %2").arg(countText(run.step), countText(run.steps)));
    text += row(Report::tr("Tokens read"), countText(run.tokens));
    text += row(Report::tr("Time"), durationText(run.seconds).toHtmlEscaped());
    if (run.trainLoss)
        text += row(Report::tr("Training loss"), lossText(*run.trainLoss));
    if (run.evalLoss)
        text += row(Report::tr("Held-out loss"), lossText(*run.evalLoss));
    if (const auto best = bestCheckpoint(parts.curves))
        text += row(Report::tr("Best checkpoint"), Report::tr("step %1").arg(countText(*best)));
    if (run.resultStep)
        text += row(Report::tr("Result"), Report::tr("step %1").arg(countText(*run.resultStep)));
    return text + QStringLiteral("</table>");
}

QString settingsTable(const nlohmann::json &recipe)
{
    QString text = QStringLiteral("<table>");
    for (const train::SettingField &field : train::settingFields()) {
        if (const auto value = storedSetting(recipe, field))
            text += row(settingLabel(field), settingValueText(field, *value).toHtmlEscaped());
    }
    return text + QStringLiteral("</table>");
}

// The answer with the words marked that the base did not say.
QString markedAnswer(const std::string &base, const std::string &answer)
{
    QString text;
    std::size_t at = 0;
    for (const ByteRange &range : diffWords(base, answer).onlyRight) {
        text += escaped(answer.substr(at, range.begin - at)) + QStringLiteral("<mark>") + escaped(answer.substr(range.begin, range.end - range.begin)) + QStringLiteral("</mark>");
        at = range.end;
    }
    return text + escaped(answer.substr(at));
}

QString answers(const data::RunProbes &probes)
{
    const std::int64_t last = probes.answers.empty() ? data::kBaseStep : probes.answers.back().step;
    QString text = QStringLiteral("<table><tr><th>%1</th><th>%2</th><th>%3</th></tr>").arg(Report::tr("Question"), Report::tr("Base model"), Report::tr("Step %1").arg(countText(last)));
    for (std::size_t i = 0; i < probes.questions.size(); ++i) {
        std::string base, end;
        for (const data::ProbeAnswer &answer : probes.answers) {
            if (answer.position == std::int64_t(i) && answer.step == data::kBaseStep)
                base = answer.text;
            if (answer.position == std::int64_t(i) && answer.step == last)
                end = answer.text;
        }
        text += QStringLiteral("<tr><td>%1</td><td>%2</td><td>%3</td></tr>").arg(escaped(probes.questions[i].question), escaped(base), markedAnswer(base, end));
    }
    return text + QStringLiteral("</table>");
}

} // namespace

QByteArray runReport(const ReportParts &parts)
{
    const nlohmann::json recipe = nlohmann::json::parse(parts.run.recipeJson, nullptr, false);
    QString text = QStringLiteral("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%1</title><style>%2</style></head><body><h1>%1</h1>").arg(escaped(parts.run.name), QLatin1String(kStyle));
    if (!parts.run.note.empty())
        text += QStringLiteral("<p>%1</p>").arg(escaped(parts.run.note));
    text += factsTable(parts);
    text += section(Report::tr("Loss")) + QString::fromUtf8(parts.chart.mid(std::max<qsizetype>(0, parts.chart.indexOf("<svg"))));
    text += section(Report::tr("What the doctor says"));
    const auto findings = runFindings(parts.curves, recipe, !isRunWorking(parts.run.state));
    if (findings.empty())
        text += QStringLiteral("<p class=\"muted\">%1</p>").arg(Report::tr("Nothing found: the curves look as they should."));
    for (const RunFinding &finding : findings)
        text += QStringLiteral("<p><b>%1.</b> %2 <span class=\"muted\">%3</span></p>").arg(ailmentTitle(finding.ailment).toHtmlEscaped(), finding.what.toHtmlEscaped(), finding.remedy.toHtmlEscaped());
    if (!parts.probes.questions.empty())
        text += section(Report::tr("Answers to the probe prompts")) + answers(parts.probes);
    text += section(Report::tr("Settings")) + settingsTable(recipe) + QStringLiteral("</body></html>\n");
    return text.toUtf8();
}

} // namespace fettle::ui
