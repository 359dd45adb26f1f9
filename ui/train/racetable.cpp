#include "ui/train/racetable.h"

#include "ui/widgets/plaintable.h"
#include "ui/widgets/words.h"

#include <QHeaderView>
#include <QVBoxLayout>

namespace fettle::ui {

namespace {

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
    connect(m_table, &QTreeWidget::itemActivated, this, [this](QTreeWidgetItem *item) { emit opened(RunId{item->data(0, Qt::UserRole).toLongLong()}); });
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_table);
}

void RaceTable::setStandings(const std::vector<engine::RaceStanding> &standings)
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
