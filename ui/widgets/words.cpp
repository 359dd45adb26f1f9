// See words.h.
#include "ui/widgets/words.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QFileInfo>
#include <QLocale>

namespace fettle::ui {

namespace {

QString tr(const char *text, int n = -1)
{
    return QCoreApplication::translate("fettle::ui::Words", text, nullptr, n);
}

// Three digits that matter: 5.97, 15.4, 269.
QString threeDigits(double value)
{
    const int digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    const double scale = digits == 0 ? 1 : digits == 1 ? 10 : 100;
    const bool isWhole = qRound64(value * scale) % qRound64(scale) == 0; // 41 GB, not 41.0 GB
    return QLocale().toString(value, 'f', isWhole ? 0 : digits);
}

} // namespace

QString countText(qint64 count)
{
    return QLocale().toString(count);
}

QString largeCountText(double count)
{
    if (count >= 1e9)
        return tr("%1 B").arg(QLocale().toString(count / 1e9, 'f', 2));
    if (count >= 1e6)
        return tr("%1 M").arg(QLocale().toString(count / 1e6, 'f', count >= 1e7 ? 1 : 2));
    if (count >= 1e4)
        return tr("%1 K").arg(QLocale().toString(count / 1e3, 'f', 1));
    return countText(qint64(count));
}

QString bytesText(qint64 bytes)
{
    const double value = double(bytes);
    if (value >= 1e9)
        return tr("%1 GB").arg(threeDigits(value / 1e9));
    if (value >= 1e6)
        return tr("%1 MB").arg(value >= 1e7 ? countText(qRound64(value / 1e6)) : QLocale().toString(value / 1e6, 'f', 1));
    if (value >= 1e3)
        return tr("%1 KB").arg(countText(qRound64(value / 1e3)));
    return tr("%1 bytes").arg(countText(bytes));
}

QString gigabytesText(qint64 bytes)
{
    return QLocale().toString(double(bytes) / 1e9, 'f', 1);
}

QString energyText(double joules)
{
    const double wattHours = joules / 3600;
    if (wattHours >= 1000)
        return tr("%1 kWh").arg(threeDigits(wattHours / 1000));
    return wattHours >= 1 ? tr("%1 Wh").arg(threeDigits(wattHours)) : tr("%1 J").arg(threeDigits(joules));
}

QString durationText(double seconds)
{
    const qint64 whole = qMax<qint64>(0, qRound64(seconds));
    if (whole < 60)
        return tr("%1 s").arg(whole);
    if (whole < 3600)
        return tr("%1 min").arg((whole + 30) / 60);
    return tr("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60);
}

QString timeLeftText(double seconds)
{
    return seconds < 0 ? QString() : tr("%1 left").arg(durationText(seconds));
}

QString lossText(double loss)
{
    return QLocale().toString(loss, 'f', 2);
}

QString whenText(const QDateTime &when)
{
    const QDate today = QDate::currentDate();
    const qint64 days = when.date().daysTo(today);
    if (!when.isValid())
        return {};
    if (days == 0)
        return when.toString(QStringLiteral("HH:mm"));
    if (days == 1)
        return tr("yesterday");
    if (days < 7)
        return QLocale().dayName(when.date().dayOfWeek());
    return QLocale().toString(when.date(), when.date().year() == today.year() ? QStringLiteral("d MMMM") : QStringLiteral("d MMM yyyy"));
}

QString clockText(const std::string &iso)
{
    const auto when = QDateTime::fromString(QString::fromStdString(iso), Qt::ISODate);
    return when.isValid() ? when.toString(QStringLiteral("HH:mm")) : QString();
}

QString modelNameText(const std::string &model)
{
    const QString text = QString::fromStdString(model);
    return text.contains(QLatin1Char('/')) ? QFileInfo(text).fileName() : text;
}

QString methodText(const std::string &method)
{
    if (method == "lora")
        return tr("LoRA");
    if (method == "full")
        return tr("Full");
    if (method == "bottleneck")
        return tr("Adapters");
    if (method == "prefix")
        return tr("Prefix");
    if (method == "prompt")
        return tr("Prompt");
    if (method == "ia3")
        return tr("IA3");
    return QString::fromStdString(method);
}

QString runStateText(engine::RunState state)
{
    using enum engine::RunState;
    switch (state) {
    case Idle: return tr("Waiting");
    case Preparing: return tr("Preparing");
    case Running: return tr("Running");
    case Pausing: return tr("Pausing");
    case Paused: return tr("Paused");
    case Stopping: return tr("Stopping");
    case Finished: return tr("Finished");
    case Cancelled: return tr("Stopped");
    case Failed: return tr("Failed");
    case Interrupted: return tr("Interrupted");
    }
    return {};
}

QString flagIcon(engine::RecordFlag flag)
{
    using enum engine::RecordFlag;
    switch (flag) {
    case Duplicate:
    case NearDuplicate: return QStringLiteral("copy");
    case Boilerplate: return QStringLiteral("message-square");
    case PersonalData: return QStringLiteral("lock");
    case Placeholder: return QStringLiteral("pen-line");
    case UnbalancedMarkup: return QStringLiteral("corner-down-left");
    case Outlier: return QStringLiteral("flag");
    case AnswerCut: return QStringLiteral("circle-minus");
    case RareTag: return QStringLiteral("tags");
    case KnownAlready: return QStringLiteral("check");
    case Surprising: return QStringLiteral("activity");
    case OddWording: return QStringLiteral("circle-question-mark");
    case Contradiction: return QStringLiteral("equal-not");
    case Empty: return QStringLiteral("circle-alert");
    case TooLong: return QStringLiteral("scissors");
    case Leak: return QStringLiteral("split");
    case OddEncoding: return QStringLiteral("triangle-alert");
    }
    return {};
}

} // namespace fettle::ui
