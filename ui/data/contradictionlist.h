// The pairs that contradict each other, as a list of two lines each: the question, and how the answers begin.
#pragma once

#include "core/engine/project.h"

#include <QListView>

#include <map>

class QStandardItemModel;

namespace fettle::ui {

// What is known of all pairs at one moment.
struct ContradictionSet {
    std::vector<engine::Contradiction> pairs; // those whose records were read
    std::size_t all = 0;                      // how many there are
    std::map<RecordId, data::Record> records;
    std::map<RecordId, double> losses;
};

class ContradictionList : public QListView {
    Q_OBJECT

public:
    explicit ContradictionList(QWidget *parent = nullptr);
    void setPairs(const ContradictionSet &set);
    [[nodiscard]] int pairCount() const;
    [[nodiscard]] int currentPair() const { return currentIndex().row(); }
    void goTo(int pair);

signals:
    void currentPairChanged(int pair);

protected:
    void currentChanged(const QModelIndex &current, const QModelIndex &previous) override;

private:
    QStandardItemModel *m_items = nullptr;
};

} // namespace fettle::ui
