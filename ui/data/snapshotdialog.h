// Asks how a snapshot is frozen: all records or the shown ones, and which share is held out. Knows no project.
#pragma once

#include "core/engine/project.h"

#include <QDialog>

class QRadioButton;
class QSpinBox;

namespace fettle::ui {

class Button;
class TextLabel;

class SnapshotDialog : public QDialog {
    Q_OBJECT
public:
    // shownRows: rows of the filtered table; 0: no filter is on.
    SnapshotDialog(const engine::RecordCounts &counts, qint64 shownRows, QWidget *parent = nullptr);
    [[nodiscard]] bool takesFilter() const;
    [[nodiscard]] engine::SplitShares shares() const;

private:
    void updateSummary();

    engine::RecordCounts m_counts;
    qint64 m_shownRows = 0;
    QRadioButton *m_all = nullptr, *m_shown = nullptr;
    QSpinBox *m_heldOut = nullptr, *m_test = nullptr, *m_seed = nullptr;
    TextLabel *m_summary = nullptr;
    Button *m_freeze = nullptr;
};

} // namespace fettle::ui
