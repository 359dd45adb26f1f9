// A change of many records, looked at before it is done: the fix of a finding, or find and replace. Done as one step of undo.
#pragma once

#include "ui/bridge/bridge.h"

#include <QDialog>
#include <QTimer>

class QCheckBox;
class QLineEdit;
class QRadioButton;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class ChangePreview;
class TextLabel;

class BulkDialog : public QDialog {
    Q_OBJECT

public:
    // The fix of a finding for the records of this filter.
    BulkDialog(Bridge &bridge, engine::RecordFlag flag, const engine::RecordFilter &filter, QWidget *parent);
    // Find and replace in the records of this filter, or in the selected ones (empty: none are).
    BulkDialog(Bridge &bridge, const engine::RecordFilter &filter, std::vector<RecordId> selected, QWidget *parent);

    [[nodiscard]] ChangePreview *preview() const { return m_preview; }
    [[nodiscard]] Button *applyButton() const { return m_apply; }
    [[nodiscard]] QLineEdit *findField() const { return m_find; }
    [[nodiscard]] QLineEdit *withField() const { return m_with; }
    [[nodiscard]] QString problem() const;

signals:
    void applied(qint64 count);

private:
    void setup(const QString &title, const QString &why);
    void setupForm(QVBoxLayout *column);
    [[nodiscard]] data::BulkChange change() const;
    void lookAgain();
    void receive(Result<data::BulkPreview> preview);
    void showCount(qint64 count);
    void apply();

    Bridge &m_bridge;
    std::optional<engine::RecordFlag> m_flag;
    engine::RecordFilter m_filter;
    std::vector<RecordId> m_selected;
    QTimer m_pause;
    JobId m_job = 0;
    QLineEdit *m_find = nullptr, *m_with = nullptr;
    QCheckBox *m_regex = nullptr, *m_case = nullptr, *m_words = nullptr;
    QCheckBox *m_questions = nullptr, *m_answers = nullptr, *m_context = nullptr, *m_other = nullptr, *m_notes = nullptr;
    QRadioButton *m_shown = nullptr, *m_chosen = nullptr;
    ChangePreview *m_preview = nullptr;
    TextLabel *m_problem = nullptr;
    Button *m_apply = nullptr, *m_cancel = nullptr;
};

} // namespace fettle::ui
