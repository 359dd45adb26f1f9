// What the comparison of runs shows. See compareview.h.
#include "ui/runs/compareview.h"

#include "ui/data/changepreview.h"
#include "ui/data/flowlayout.h"
#include "ui/frame/dialogs.h"
#include "ui/runs/axisscale.h"
#include "ui/runs/chartfile.h"
#include "ui/runs/linetoggle.h"
#include "ui/runs/overlaychart.h"
#include "ui/runs/runwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/pagehead.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/segmented.h"
#include "ui/widgets/words.h"

#include <QComboBox>
#include <QDialog>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QSettings>
#include <QSplitter>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kRefreshDelay = 2000;   // ms: a run that goes on changes many times a second
constexpr int kComparedSmoothing = 85;   // percent, as the chart of one run
constexpr double kRoomAtEnd = 1.015; // so that the last mark is whole
constexpr int kListedChanges = 200;   // the dialog has more
constexpr int kTableWidth = 440, kTableNarrow = 300;
constexpr int kOutcomesToSpare[] = {2, 5, 6, 9}; // columns of outcomeHeads() for which a narrow window has no room

QString questionOf(const data::SnapshotChange &change)
{
    const std::string_view text = data::instructionOf(change.after ? *change.after : *change.before);
    return QString::fromUtf8(text.data(), qsizetype(std::min<std::size_t>(text.size(), 400))).simplified();
}

} // namespace

CompareView::CompareView(const PageContext &context, QWidget *parent) : Pane(Surface::Page, {}, parent), m_context(context)
{
    setupHead();
    m_splitter = new QSplitter(Qt::Horizontal);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setHandleWidth(1);
    m_splitter->addWidget(makeLeft());
    m_splitter->addWidget(makeRight());
    m_splitter->setStretchFactor(0, 1);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_head);
    column->addWidget(m_splitter, 1);
    m_readTimer.setSingleShot(true);
    m_readTimer.setInterval(kRefreshDelay);
    connect(&m_readTimer, &QTimer::timeout, this, &CompareView::read);
    const auto later = [this](RunId run) {
        if (isVisible() && std::ranges::find(m_runs, run) != m_runs.end() && !m_readTimer.isActive())
            m_readTimer.start();
    };
    Bridge &bridge = m_context.bridge;
    connect(&bridge, &Bridge::metricsAppended, this, later);
    connect(&bridge, &Bridge::evaluated, this, later);
    connect(&bridge, &Bridge::runEnded, this, [later](const engine::RunInfo &run) { later(run.id); });
}

void CompareView::setNarrow(bool isNarrow)
{
    const int table = isNarrow ? kTableNarrow : kTableWidth;
    m_splitter->setSizes({std::max(1, width() - table), table});
    for (const int column : kOutcomesToSpare)
        m_outcomes->setColumnHidden(column, isNarrow);
}

void CompareView::showRuns(std::vector<RunId> runs)
{
    if (runs == m_runs)
        return;
    m_runs = std::move(runs);
    read();
}

void CompareView::read()
{
    const double smoothing = QSettings().value(QStringLiteral("runs/smoothing"), kComparedSmoothing).toInt() / 100.0;
    m_context.bridge.readSlowly<RunComparison>(
        this,
        [runs = m_runs, smoothing](const ProjectApi *project, const JobContext &context) -> Result<RunComparison> {
            if (!project)
                return RunComparison{};
            return readComparison(*project, context.engine, runs, smoothing, context.stop);
        },
        [this, runs = m_runs](Result<RunComparison> comparison) {
            if (runs != m_runs)
                return;
            if (comparison)
                comparisonRead(std::move(*comparison));
            else if (comparison.error().code != ErrorCode::Cancelled)
                m_context.showMessage(messageOf(comparison.error()));
        },
        "runs page comparison");
}

void CompareView::comparisonRead(RunComparison comparison)
{
    m_comparison = std::move(comparison);
    if (m_comparison.runs.empty()) {
        emit closeWished();
        return;
    }
    QStringList names;
    for (const ComparedRun &run : m_comparison.runs)
        names.append(QString::fromStdString(run.info.name));
    m_head->setState(tr("%1; compared with %2").arg(names.mid(1).join(QStringLiteral(", ")), names.front()));
    m_reference->setText(tr("Reference: %1").arg(names.front()));
    showLegend();
    showCurves();
    showOutcomes();
    showSettings();
    const QSignalBlocker blocker(m_dataChoice);
    const int chosen = std::max(0, m_dataChoice->currentIndex());
    m_dataChoice->clear();
    for (const DataDifference &difference : m_comparison.data)
        m_dataChoice->addItem(tr("snapshot %1 to %2").arg(difference.from.value).arg(difference.to.value));
    m_dataChoice->setCurrentIndex(std::min(chosen, m_dataChoice->count() - 1));
    showData();
}

void CompareView::showLegend()
{
    const auto isSame = [this] {
        return m_legend.size() == m_comparison.runs.size()
            && std::ranges::equal(m_legend, m_comparison.runs, [](const LineToggle *toggle, const ComparedRun &run) { return toggle->text() == QString::fromStdString(run.info.name); });
    };
    if (isSame())
        return; // one that has the keyboard stays
    for (LineToggle *toggle : m_legend) {
        m_legendRow->removeWidget(toggle);
        toggle->deleteLater();
    }
    m_legend.clear();
    for (std::size_t i = 0; i < m_comparison.runs.size(); ++i) {
        auto *toggle = new LineToggle(QString::fromStdString(m_comparison.runs[i].info.name), int(i), tr("Shows or hides the curves of this run."));
        m_legendRow->addWidget(toggle);
        toggle->show();
        m_chart->setSeriesShown(int(i), true);
        connect(toggle, &QAbstractButton::toggled, this, [this, i](bool isShown) { m_chart->setSeriesShown(int(i), isShown); });
        m_legend.push_back(toggle);
    }
}

void CompareView::showCurves()
{
    const bool hasHeldOut = m_which->current() != 1, hasTrain = m_which->current() != 0;
    static constexpr RunAxis kAxes[] = {RunAxis::Steps, RunAxis::Tokens, RunAxis::Minutes};
    std::vector<OverlayLine> lines;
    for (std::size_t i = 0; i < m_comparison.runs.size(); ++i) {
        const ComparedRun &run = m_comparison.runs[i];
        AxisScale scale(run.curves);
        scale.setAxis(kAxes[std::clamp(m_axis->current(), 0, 2)]);
        const QString name = QString::fromStdString(run.info.name);
        if (hasTrain) {
            OverlayLine line{name, int(i), hasHeldOut, {}, {}};
            for (const engine::MetricPoint &point : run.curves.points) {
                line.x.push_back(axisValue(point, scale.axis()));
                line.y.push_back(point.loss);
            }
            lines.push_back(std::move(line));
        }
        if (hasHeldOut) {
            OverlayLine line{name, int(i), false, {}, {}};
            for (const engine::EvalPoint &eval : run.curves.evals) {
                line.x.push_back(scale.toValue(double(eval.step)));
                line.y.push_back(eval.loss);
            }
            lines.push_back(std::move(line));
        }
    }
    double end = 0;
    for (const OverlayLine &line : lines)
        end = line.x.empty() ? end : std::max(end, line.x.back());
    m_chart->setCounts(axisCounts(kAxes[std::clamp(m_axis->current(), 0, 2)]));
    m_chart->setEnd(end * kRoomAtEnd);
    m_chart->setLines(std::move(lines));
}

void CompareView::showCursor(std::optional<double> x)
{
    m_chart->setCursor(x);
    for (LineToggle *toggle : m_legend)
        toggle->setValue({});
    if (!x)
        return;
    // The held-out line of a run comes behind its training line: its value stays.
    for (std::size_t line = 0; line < m_chart->lines().size(); ++line) {
        const auto value = m_chart->valueAt(line, *x);
        const int series = m_chart->lines()[line].series;
        if (value && std::size_t(series) < m_legend.size())
            m_legend[std::size_t(series)]->setValue(lossText(*value));
    }
}

void CompareView::showOutcomes()
{
    m_outcomes->clear();
    const int leader = leadingRun(m_comparison);
    for (std::size_t i = 0; i < m_comparison.runs.size(); ++i) {
        const ComparedRun &run = m_comparison.runs[i];
        auto *item = new QTreeWidgetItem(m_outcomes, outcomeCells(run));
        item->setText(0, tr("%1: %2").arg(item->text(0), runMethodLine(run.info)));
        alignRight(*item, 1, m_outcomes->columnCount() - 1);
        item->setData(0, Qt::UserRole, qint64(run.info.id.value));
        item->setToolTip(0, QString::fromStdString(run.info.note));
        if (int(i) == leader)
            item->setFont(1, textFont(TextSize::Body, Weight::SemiBold));
    }
    limitToRows(*m_outcomes);
    const QStringList notes = comparisonNotes(m_comparison);
    m_notes->setText(notes.join(QLatin1Char('\n')));
    m_notes->setVisible(!notes.isEmpty());
}

void CompareView::showSettings()
{
    QStringList heads{tr("Setting")};
    for (const ComparedRun &run : m_comparison.runs)
        heads.append(QString::fromStdString(run.info.name));
    m_settings->clear();
    m_settings->setColumnCount(int(heads.size()));
    m_settings->setHeaderLabels(heads);
    m_settings->headerItem()->setTextAlignment(0, Qt::AlignLeft | Qt::AlignVCenter);
    for (int i = 1; i < int(heads.size()); ++i) {
        m_settings->header()->setSectionResizeMode(i, QHeaderView::ResizeToContents);
        m_settings->headerItem()->setTextAlignment(i, Qt::AlignRight | Qt::AlignVCenter);
    }
    const std::vector<ComparisonRow> rows = settingRows(m_comparison);
    int differing = 0;
    for (const ComparisonRow &row : rows) {
        differing += row.differs ? 1 : 0;
        if (!row.differs && m_differencesOnly->isChecked())
            continue;
        auto *item = new QTreeWidgetItem(m_settings, QStringList{row.name} + row.values);
        item->setToolTip(0, row.help);
        alignRight(*item, 1, int(row.values.size()));
        for (qsizetype i = 1; i < row.values.size(); ++i) {
            if (row.values[i] != row.values.front())
                item->setFont(int(i) + 1, textFont(TextSize::Body, Weight::SemiBold));
        }
    }
    limitToRows(*m_settings);
    m_settingsState->setText(differing == 0 ? tr("all are the same") : tr("%1 of %2 differ").arg(differing).arg(rows.size()));
}

void CompareView::showData()
{
    m_changes->clear();
    const int place = m_dataChoice->currentIndex();
    const bool hasDifference = place >= 0 && std::size_t(place) < m_comparison.data.size();
    m_dataChoice->setVisible(hasDifference);
    m_wholeDifference->setVisible(hasDifference);
    m_changes->setVisible(hasDifference);
    if (!hasDifference) {
        const bool hasData = !m_comparison.runs.empty() && m_comparison.runs.front().info.snapshot.isValid();
        m_dataState->setText(hasData ? tr("All runs learn from snapshot %1.").arg(m_comparison.runs.front().info.snapshot.value) : tr("The runs have no snapshot."));
        return;
    }
    const DataDifference &difference = m_comparison.data[std::size_t(place)];
    m_dataState->setText(tr("%1 added, %2 removed, %3 changed, %4 the same. %5")
                             .arg(countText(difference.diff.added), countText(difference.diff.removed), countText(difference.diff.changed), countText(difference.diff.same),
                                  difference.isHeldOutSame ? tr("The held-out records are the same in both, so the losses can be compared.")
                                                           : tr("The held-out records differ, so the losses cannot be compared as they are.")));
    m_wholeDifference->setEnabled(!difference.diff.shown.empty());
    int listed = 0;
    for (const data::SnapshotChange &change : difference.diff.shown) {
        if (listed++ == kListedChanges)
            break;
        const RecordId id = change.after ? change.after->id : change.before->id;
        auto *item = new QTreeWidgetItem(m_changes, {questionOf(change), countText(id.value), !change.before ? tr("added") : !change.after ? tr("removed") : tr("changed")});
        item->setToolTip(0, item->text(0));
        alignRight(*item, 1, 2);
    }
    limitToRows(*m_changes);
}

void CompareView::showWholeDifference()
{
    const int place = m_dataChoice->currentIndex();
    if (place < 0 || std::size_t(place) >= m_comparison.data.size())
        return;
    QDialog dialog(this);
    dialog.setWindowTitle(m_dataChoice->currentText());
    auto *preview = new ChangePreview;
    preview->setReadOnly();
    data::BulkPreview shown;
    for (const data::SnapshotChange &change : m_comparison.data[std::size_t(place)].diff.shown) {
        shown.changed.push_back(change.before ? change.before->id : change.after->id);
        shown.shown.push_back({change.before.value_or(data::Record{}), change.after.value_or(data::Record{})});
    }
    preview->setPreview(std::move(shown));
    auto *close = new Button(tr("Close"), {}, tr("Closes the difference."));
    auto *column = new QVBoxLayout(&dialog);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep3);
    column->addWidget(titleLabel(tr("What differs: %1").arg(dialog.windowTitle())));
    column->addWidget(preview, 1);
    column->addWidget(close, 0, Qt::AlignRight);
    connect(close, &QPushButton::clicked, &dialog, &QDialog::reject);
    dialog.resize(960, 620);
    dialog.exec();
}

void CompareView::chooseReference()
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (std::size_t i = 0; i < m_comparison.runs.size(); ++i) {
        const engine::RunInfo &run = m_comparison.runs[i].info;
        QAction *action = menu->addAction(QString::fromStdString(run.name), this, [this, id = run.id] {
            std::vector<RunId> runs = m_runs;
            std::ranges::stable_partition(runs, [id](RunId other) { return other == id; });
            showRuns(std::move(runs));
        });
        action->setCheckable(true);
        action->setChecked(i == 0);
    }
    menu->popup(m_reference->mapToGlobal(QPoint(0, m_reference->height() + kStep1)));
}

void CompareView::write(const QString &name, QByteArray bytes)
{
    m_context.bridge.readSlowly<void>(
        this, [file = name.toStdString(), bytes = bytes.toStdString()](const ProjectApi *, const JobContext &context) { return context.engine.writeFile(file, bytes); },
        [this, name](Result<> result) {
            m_context.showMessage(result ? Message{MessageTone::Info, tr("\"%1\" is written.").arg(name), {}, {}, {}, {}} : messageOf(result.error()));
        });
}

void CompareView::saveTables()
{
    const QString name = m_context.dialogs.saveFile(this, tr("Save the comparison"), QStringLiteral("comparison.csv"), tr("Tables (*.csv)"));
    if (!name.isEmpty())
        write(name, comparisonTable(m_comparison));
}

void CompareView::savePicture()
{
    const QString name = m_context.dialogs.saveFile(this, tr("Save the chart"), QStringLiteral("comparison.png"), tr("Pictures (*.png *.svg *.pdf)"));
    if (!name.isEmpty())
        write(name, pictureBytes(*m_chart, name, [this](QPaintDevice &device) { m_chart->draw(device); }));
}

void CompareView::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape)
        emit closeWished();
    else
        Pane::keyPressEvent(event);
}

} // namespace fettle::ui
