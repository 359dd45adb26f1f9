#include "ui/data/draftbox.h"

#include "ui/data/growingtext.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QAction>
#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

DraftBox::DraftBox(QWidget *parent)
    : QWidget(parent), m_title(new ElidedLabel({}, TextSize::Small, Weight::SemiBold, Ink::Accent)), m_state(new ElidedLabel({}, TextSize::Small, Weight::Regular, Ink::Muted)), m_text(new GrowingText),
      m_accept(new Button({})), m_edit(new Button({})), m_discard(quietButton({}))
{
    auto *head = new QHBoxLayout;
    head->setSpacing(kStep2);
    head->addWidget(new IconLabel(QStringLiteral("wand-sparkles"), Ink::Accent, kIconSmall));
    head->addWidget(m_title);
    head->addStretch(1);
    head->addWidget(m_state);
    auto *row = new QHBoxLayout;
    row->setSpacing(kStep2);
    for (Button *button : {m_accept, m_edit, m_discard}) {
        button->setHeight(kButtonSmall);
        row->addWidget(button);
    }
    row->addStretch(1);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kStep2, kStep2, kStep2, kStep2);
    column->setSpacing(kStep1 + 2);
    column->addLayout(head);
    column->addWidget(m_text);
    column->addLayout(row);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    m_text->setAccessibleName(tr("Draft"));
    m_text->setToolTip(tr("What the model proposes. It can be corrected here; nothing is learnt from it before it is accepted."));
    connect(m_text, &GrowingText::left, this, &DraftBox::flush);
    hide();
}

void DraftBox::followActions(QAction *accept, QAction *edit, QAction *discard)
{
    // The box says that it is about a draft.
    const auto follow = [](Button *button, QAction *action, const QString &name) {
        const auto shorten = [button, name] { button->setText(name); };
        button->followAction(action);
        button->setAccessibleName(action->text());
        connect(action, &QAction::changed, button, shorten);
        shorten();
    };
    follow(m_accept, accept, tr("Accept"));
    follow(m_edit, edit, tr("Correct"));
    follow(m_discard, discard, tr("Discard"));
}

void DraftBox::setDraft(RecordId record, const std::optional<data::AnswerDraft> &draft)
{
    if (m_draft && draft && m_record == record && *m_draft == *draft)
        return;
    m_record = record;
    m_draft = draft;
    if (!draft) {
        hide();
        return;
    }
    if (m_text->exactText() != QString::fromStdString(draft->text))
        m_text->setExactText(QString::fromStdString(draft->text));
    present(tr("Draft by %1").arg(QString::fromStdString(draft->author)),
            draft->isCut ? tr("cut off at the longest answer") : tr("not learnt until you accept it"), false);
}

void DraftBox::setGrowing(const QString &author, const QString &text)
{
    m_draft.reset();
    m_text->setExactText(text);
    present(tr("%1 writes a draft").arg(author), {}, true);
}

void DraftBox::present(const QString &title, const QString &state, bool isGrowing)
{
    m_title->setText(title);
    m_state->setText(state);
    m_text->setReadOnly(isGrowing);
    for (Button *button : {m_accept, m_edit, m_discard})
        button->setVisible(!isGrowing);
    setVisible(true);
}

data::AnswerDraft DraftBox::draft() const
{
    data::AnswerDraft draft = m_draft.value_or(data::AnswerDraft{});
    draft.text = m_text->exactText().toStdString();
    return draft;
}

void DraftBox::flush()
{
    if (!m_draft || draft() == *m_draft)
        return;
    m_draft = draft();
    emit corrected(m_record, *m_draft);
}

void DraftBox::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QColor fill = t.accent;
    fill.setAlphaF(0.07f);
    painter.setBrush(fill);
    painter.setPen(QPen(t.accent, 1, Qt::DashLine));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6);
}

} // namespace fettle::ui
