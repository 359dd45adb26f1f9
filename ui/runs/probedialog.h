// Which questions the coming runs answer at every evaluation: own ones, and how many are drawn from held-out records. Knows no bridge.
#pragma once

#include "core/engine/project.h"

#include <QDialog>

class QPlainTextEdit;
class QSpinBox;

namespace fettle::ui {

class ProbeDialog : public QDialog {
    Q_OBJECT

public:
    explicit ProbeDialog(const data::ProbeChoice &choice, QWidget *parent = nullptr);
    [[nodiscard]] data::ProbeChoice choice() const;

private:
    QPlainTextEdit *m_own;
    QSpinBox *m_fromHeldOut, *m_maxTokens;
};

} // namespace fettle::ui
