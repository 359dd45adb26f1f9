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
    void setStandings(const std::vector<engine::RaceStanding> &standings);

signals:
    void opened(fettle::RunId run); // a double click or Enter

private:
    QTreeWidget *m_table;
};

} // namespace fettle::ui
