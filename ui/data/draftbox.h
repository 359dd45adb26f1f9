// An answer that a model proposed, below the answer of the record and marked as what it is: nothing is learnt from it before somebody accepts
// it. Its text can be corrected first. Knows no project: whoever listens keeps what was changed.
#pragma once

#include "core/data/recordview.h"

#include <QWidget>

class QAction;

namespace fettle::ui {

class Button;
class GrowingText;
class ElidedLabel;

class DraftBox : public QWidget {
    Q_OBJECT
public:
    explicit DraftBox(QWidget *parent = nullptr);
    void followActions(QAction *accept, QAction *edit, QAction *discard);

    // None: there is nothing to see. A text that is being corrected stays where the same draft comes again.
    void setDraft(RecordId record, const std::optional<data::AnswerDraft> &draft);
    // What a model has written so far; cannot be changed yet.
    void setGrowing(const QString &author, const QString &text);
    [[nodiscard]] bool hasDraft() const { return m_draft.has_value(); }
    // The draft as it stands here, with what was corrected.
    [[nodiscard]] data::AnswerDraft draft() const;
    [[nodiscard]] GrowingText *text() const { return m_text; }
    // Says what was corrected since the last time, if anything was.
    void flush();

signals:
    void corrected(fettle::RecordId record, const fettle::data::AnswerDraft &draft);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void present(const QString &title, const QString &state, bool isGrowing);

    RecordId m_record;
    std::optional<data::AnswerDraft> m_draft;
    ElidedLabel *m_title = nullptr, *m_state = nullptr; // names of models are long, and the editor is narrow
    GrowingText *m_text = nullptr;
    Button *m_accept = nullptr, *m_edit = nullptr, *m_discard = nullptr;
};

} // namespace fettle::ui
