// Divides records into train, held-out and test, and says beforehand how many each part would get. One step of undo.
#pragma once

#include "ui/bridge/bridge.h"

#include <QDialog>
#include <QTimer>

class QButtonGroup;
class QCheckBox;
class QSpinBox;

namespace fettle::ui {

class Button;
class TextLabel;

class SplitDialog : public QDialog {
    Q_OBJECT

public:
    SplitDialog(Bridge &bridge, const engine::RecordFilter &filter, QWidget *parent);
    [[nodiscard]] QString summary() const;
    [[nodiscard]] Button *divideButton() const { return m_divide; }
    [[nodiscard]] QSpinBox *heldOutBox() const { return m_heldOut; }
    [[nodiscard]] QButtonGroup *ways() const { return m_ways; }

signals:
    void divided(qint64 moved);

private:
    [[nodiscard]] data::SplitRule rule() const;
    void plan();
    void receive(Result<data::SplitPlan> plan);
    void divide();

    Bridge &m_bridge;
    engine::RecordFilter m_filter;
    data::SplitPlan m_plan;
    QTimer m_pause;
    JobId m_job = 0;
    QButtonGroup *m_ways = nullptr;
    QSpinBox *m_heldOut = nullptr, *m_test = nullptr, *m_seed = nullptr;
    QCheckBox *m_keeps = nullptr;
    TextLabel *m_summary = nullptr;
    Button *m_divide = nullptr;
};

} // namespace fettle::ui
