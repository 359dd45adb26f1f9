// Asks which records a model should draft answers for, and which model. Knows no project: whoever opens it starts the drafting.
#pragma once

#include "core/engine/drafting.h"
#include "ui/playground/adapterchoice.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QRadioButton;
class QSpinBox;

namespace fettle::ui {

class DraftDialog : public QDialog {
    Q_OBJECT

public:
    // chosen: records that are selected; listed: records of the list.
    DraftDialog(const std::vector<AdapterChoice> &models, qint64 chosen, qint64 listed, QWidget *parent);
    [[nodiscard]] engine::DraftWish wish() const;
    [[nodiscard]] bool takesList() const;

private:
    QRadioButton *m_chosen = nullptr, *m_listed = nullptr;
    QComboBox *m_model = nullptr;
    QSpinBox *m_longest = nullptr;
    QCheckBox *m_answered = nullptr;
};

} // namespace fettle::ui
