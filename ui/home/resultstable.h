// "Held-out results": every run with a result, best loss first, the best one bold.
#pragma once

#include "core/engine/project.h"
#include "ui/widgets/card.h"

class QTableWidget;

namespace fettle::ui {

class ElidedLabel;

class ResultsTable : public Card {
    Q_OBJECT

public:
    explicit ResultsTable(QWidget *parent = nullptr);
    void show(const std::vector<engine::RunInfo> &results, const QString &facts);

signals:
    void runChosen(fettle::RunId run);

private:
    ElidedLabel *m_facts;
    QTableWidget *m_table;
    std::vector<engine::RunInfo> m_results;
};

} // namespace fettle::ui
