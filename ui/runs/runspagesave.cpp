// What of a run is written to files: chart, numbers, report, event file. See runspage.h.
#include "ui/runs/runspage.h"

#include "ui/frame/dialogs.h"
#include "ui/runs/chartfile.h"
#include "ui/runs/chartpane.h"
#include "ui/runs/eventfile.h"
#include "ui/runs/runpane.h"
#include "ui/runs/runreport.h"

#include <QDateTime>
#include <QSlider>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {

QByteArray numbersOf(const RunCurves &curves)
{
    // Numbers of a file have a point, whatever the language of the window.
    QByteArray text = "step,epoch,loss,held_out_loss,learning_rate,gradient_norm,tokens_per_second,tokens,peak_bytes,seconds,token_accuracy\n";
    auto eval = curves.evals.begin();
    for (const engine::MetricPoint &point : curves.points) {
        while (eval != curves.evals.end() && eval->step < point.step)
            ++eval;
        const bool hasEval = eval != curves.evals.end() && eval->step == point.step;
        const QByteArray fields[] = {QByteArray::number(qint64(point.step)), QByteArray::number(point.epoch, 'g', 8),
                                     QByteArray::number(point.loss, 'g', 9), hasEval ? QByteArray::number(eval->loss, 'g', 9) : QByteArray(),
                                     QByteArray::number(point.learningRate, 'g', 9), QByteArray::number(point.gradNorm, 'g', 9),
                                     QByteArray::number(point.tokensPerSecond, 'g', 6), QByteArray::number(qint64(point.tokens)),
                                     QByteArray::number(qint64(point.peakBytes)), QByteArray::number(point.seconds, 'f', 3),
                                     std::isfinite(point.accuracy) ? QByteArray::number(point.accuracy, 'g', 6) : QByteArray()};
        for (std::size_t i = 0; i < std::size(fields); ++i)
            text += (i ? "," : "") + fields[i];
        text += '\n';
    }
    return text;
}

constexpr std::size_t kReportedTags = 12;

// A snapshot that is not there any more is left out: the report says so.
void addDataSummary(ReportParts &parts, const ProjectApi *project)
{
    const auto snapshots = project ? project->snapshots() : Result<std::vector<engine::SnapshotInfo>>();
    if (!snapshots)
        return;
    const auto found = std::ranges::find(*snapshots, parts.run.snapshot, &engine::SnapshotInfo::id);
    if (found == snapshots->end())
        return;
    parts.snapshot = *found;
    if (const auto records = project->snapshotRecords(parts.run.snapshot, data::Split::Train))
        parts.tags = frequentTags(*records, kReportedTags);
}

} // namespace

void RunsPage::savePicture()
{
    const QString name = context().dialogs.saveFile(this, tr("Save the chart"), tr("run-%1-loss.png").arg(m_shown.value), tr("Pictures (*.png *.svg *.pdf)"));
    if (!name.isEmpty())
        writeBytes(name, [bytes = pictureBytes(m_chart->shownChart(), name, [this](QPaintDevice &device) { m_chart->drawShownChart(device); })] { return bytes; });
}

// What is stored is written: a copy of the steps of a long run would hold the window up.
void RunsPage::saveCurves(const QString &title, const QString &suggestion, const QString &filter, const std::function<QByteArray(const RunCurves &)> &make)
{
    const QString name = context().dialogs.saveFile(this, title, suggestion, filter);
    if (name.isEmpty())
        return;
    bridge().readSlowly<void>(
        this,
        [file = name.toStdString(), run = m_shown, make](const ProjectApi *project, const JobContext &context) -> Result<> {
            const auto curves = project ? curvesOf(*project, run) : Result<RunCurves>();
            if (!curves)
                return passError(curves);
            return context.engine.writeFile(file, make(*curves).toStdString());
        },
        [this, name](Result<> result) { tellWritten(name, result); });
}

void RunsPage::writeBytes(const QString &name, const std::function<QByteArray()> &make)
{
    bridge().readSlowly<void>(
        this, [file = name.toStdString(), make](const ProjectApi *, const JobContext &context) { return context.engine.writeFile(file, make().toStdString()); },
        [this, name](Result<> result) { tellWritten(name, result); });
}

void RunsPage::tellWritten(const QString &name, const Result<> &result)
{
    context().showMessage(result ? Message{MessageTone::Info, tr("\"%1\" is written.").arg(name), {}, {}, {}, {}} : messageOf(result.error()));
}

void RunsPage::saveEvents()
{
    const engine::RunInfo *run = shownInfo();
    if (!run)
        return;
    const QDateTime started = QDateTime::fromString(QString::fromStdString(run->started), Qt::ISODate);
    const double seconds = started.isValid() ? double(started.toMSecsSinceEpoch()) / 1000 : 0.0;
    saveCurves(tr("Save for TensorBoard"), tr("events.out.tfevents.run-%1").arg(m_shown.value), tr("TensorBoard event files (*tfevents*)"),
               [seconds](const RunCurves &curves) { return eventFile(curves, seconds); });
}

void RunsPage::saveReport()
{
    const engine::RunInfo *run = shownInfo();
    if (!run)
        return;
    const QString name = context().dialogs.saveFile(this, tr("Save a report"), tr("run-%1.html").arg(m_shown.value), tr("Web pages and PDF files (*.html *.pdf)"));
    if (name.isEmpty())
        return;
    ReportParts parts{*run, {}, m_pane->answers().probes(), m_chart->smoothing().value() / 100.0, {}, {}};
    bridge().readSlowly<void>(
        this,
        [file = name.toStdString(), isPdf = name.endsWith(QLatin1String(".pdf"), Qt::CaseInsensitive), parts = std::move(parts), tags = m_curves.tags](const ProjectApi *project, const JobContext &context) mutable -> Result<> {
            auto curves = project ? curvesOf(*project, parts.run.id) : Result<RunCurves>();
            if (!curves)
                return passError(curves);
            parts.curves = std::move(*curves);
            parts.curves.steps = parts.run.steps;
            parts.curves.tags = std::move(tags);
            addDataSummary(parts, project);
            return context.engine.writeFile(file, (isPdf ? runReportPdf(parts) : runReportHtml(parts)).toStdString());
        },
        [this, name](Result<> result) { tellWritten(name, result); });
}

void RunsPage::saveNumbers()
{
    saveCurves(tr("Save the curves"), tr("run-%1.csv").arg(m_shown.value), tr("Tables (*.csv)"), numbersOf);
}

} // namespace fettle::ui
