// What shall race: methods, and values of one setting. Shows the runs that come of it; queues nothing itself.
#pragma once

#include "core/train/race.h"

#include <QDialog>

#include <vector>

class QCheckBox;
class QComboBox;
class QLineEdit;

namespace fettle::ui {

class Button;
class TextLabel;

class RaceDialog : public QDialog {
    Q_OBJECT

public:
    // common: the settings of the Train page; their method is chosen at the start. records: how many are learnt.
    RaceDialog(const train::Recipe &common, train::Preset preset, qint64 records, QWidget *parent = nullptr);
    // Empty while the choice is no race.
    [[nodiscard]] const std::vector<train::RaceLane> &lanes() const { return m_lanes; }

private:
    void addMethods(class QVBoxLayout *column);
    void addGrid(class QVBoxLayout *column);
    void updateLanes();

    train::Recipe m_common;
    train::Preset m_preset;
    qint64 m_records;
    std::vector<train::RaceLane> m_lanes;
    std::vector<QCheckBox *> m_methods; // in the order of train::methods()
    QComboBox *m_setting = nullptr;
    QLineEdit *m_values = nullptr;
    TextLabel *m_list = nullptr;
    Button *m_queue = nullptr;
};

} // namespace fettle::ui
