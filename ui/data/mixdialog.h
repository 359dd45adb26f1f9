// How often the records of each file and each tag are read in an epoch, with the share of what is learnt that each then has. Kept as a setting of
// the project, which every run takes that has no mix of its own.
#pragma once

#include "core/train/mixshares.h"
#include "ui/bridge/bridge.h"

#include <QDialog>

class QTreeWidget;
class QTreeWidgetItem;

namespace fettle::ui {

class Button;
class TextLabel;

class MixDialog : public QDialog {
    Q_OBJECT

public:
    // maxLength: the longest record in tokens that is not cut.
    MixDialog(Bridge &bridge, std::int64_t maxLength, QWidget *parent);
    ~MixDialog() override;
    [[nodiscard]] QTreeWidget *list() const { return m_list; }
    [[nodiscard]] QString summary() const;

signals:
    void kept(bool isMixed);

private:
    void fill(std::vector<data::MixGroup> groups);
    void addSets(const QString &head, const std::vector<train::MixShare> &sets);
    void takeWeight(QTreeWidgetItem *item);
    void showShares();
    void keep();

    Bridge &m_bridge;
    std::vector<data::MixGroup> m_groups;
    std::map<std::string, double> m_weights; // without those of 1
    bool m_isFilling = false;
    QTreeWidget *m_list = nullptr;
    TextLabel *m_summary = nullptr;
    Button *m_keep = nullptr, *m_reset = nullptr;
};

} // namespace fettle::ui
