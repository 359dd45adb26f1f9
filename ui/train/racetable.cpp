#include "ui/train/racetable.h"

#include "ui/runs/linetoggle.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/rowdelegate.h"
#include "ui/widgets/words.h"

#include <QHeaderView>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kSeries = Qt::UserRole + 1; // of the first cell

class RaceDelegate : public RowDelegate {
public:
    using RowDelegate::RowDelegate;

protected:
    int drawLead(QPainter &painter, const QRect &cell, const QModelIndex &index) const override
    {
        const QVariant series = index.data(kSeries);
        if (!series.isValid())
            return 0;
        const QPixmap sample = seriesSample(series.toInt(), painter.device()->devicePixelRatioF());
        const QSizeF size = sample.deviceIndependentSize();
        painter.drawPixmap(QPointF(cell.left(), cell.center().y() - size.height() / 2 + 0.5), sample);
        return qRound(size.width()) + kStep2;
    }
};

// A run that works is never bold: what it has reached is not its result.
bool isRaceRunDone(const engine::RunInfo &run)
{
    return run.state == engine::RunState::Finished;
}

QString shareText(const std::optional<double> &share)
{
    return share ? RaceTable::tr("%1 %").arg(100 * *share, 0, 'f', 0) : QStringLiteral("–");
}

} // namespace

RaceTable::RaceTable(QWidget *parent) : QWidget(parent)
{
    m_table = plainTable("raceTable", {tr("Method"), tr("Held-out loss"), tr("Exact match"), tr("Trained"), tr("Minutes"), tr("Memory"), tr("State")}, tr("Standings of the race"),
                         tr("The lowest held-out loss is first. A double click or Enter opens a run."));
    m_table->setItemDelegate(new RaceDelegate(m_table));
    connect(m_table, &QTreeWidget::itemActivated, this, [this](QTreeWidgetItem *item) { emit opened(RunId{item->data(0, Qt::UserRole).toLongLong()}); });
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_table);
}

void RaceTable::setStandings(const std::vector<engine::RaceStanding> &standings, const std::vector<RunId> &runs)
{
    m_table->clear();
    bool isFirst = true;
    for (const engine::RaceStanding &standing : standings) {
        const engine::RunInfo &run = standing.run;
        const bool isWorking = !isRaceRunDone(run) && run.steps > 0 && run.state == engine::RunState::Running;
        auto *item = new QTreeWidgetItem(
            m_table, {QString::fromStdString(standing.lane) + QStringLiteral("  ·  ") + QString::fromStdString(run.name), run.evalLoss ? lossText(*run.evalLoss) : QStringLiteral("–"),
                      shareText(standing.exactMatch), standing.trainableParameters > 0 ? largeCountText(static_cast<double>(standing.trainableParameters)) : QStringLiteral("–"),
                      QString::number(run.seconds / 60, 'f', 1), standing.peakBytes > 0 ? bytesText(standing.peakBytes) : QStringLiteral("–"),
                      isWorking ? tr("step %1 of %2").arg(countText(run.step), countText(run.steps)) : runStateText(run.state)});
        alignRight(*item, 1, 6);
        item->setData(0, Qt::UserRole, QVariant::fromValue<qlonglong>(run.id.value));
        item->setData(0, kSeries, int(std::ranges::find(runs, run.id) - runs.begin()));
        if (isFirst && isRaceRunDone(run)) {
            QFont font = item->font(0);
            font.setWeight(QFont::DemiBold);
            item->setFont(0, font);
            item->setFont(1, font);
        }
        isFirst = false;
    }
    for (int column = 1; column < m_table->columnCount(); ++column)
        m_table->resizeColumnToContents(column);
}

} // namespace fettle::ui
