// How the runs of a race stand, best first: held-out loss, exact answers, trained numbers, minutes and memory.
#pragma once

#include "core/engine/race.h"

#include <QWidget>

class QTreeWidget;

namespace fettle::ui {

class RaceTable : public QWidget {
    Q_OBJECT

public:
    explicit RaceTable(QWidget *parent = nullptr);
    // runs: in the order of their colours in the chart.
    void setStandings(const std::vector<engine::RaceStanding> &standings, const std::vector<RunId> &runs);

signals:
    void opened(fettle::RunId run); // a double click or Enter

private:
    QTreeWidget *m_table;
};

} // namespace fettle::ui
