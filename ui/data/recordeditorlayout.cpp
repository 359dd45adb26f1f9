// How the record editor is put together; what it does is in recordeditor.cpp.
#include "ui/data/draftbox.h"
#include "ui/data/fieldbox.h"
#include "ui/data/growingtext.h"
#include "ui/data/ratingstars.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordwords.h"
#include "ui/data/tagrow.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/keyhint.h"
#include "ui/widgets/labels.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>
#include <QScrollArea>
#include <QScrollBar>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {
constexpr int kHead = 40;
}

void RecordEditor::setupHead()
{
    m_head = new QWidget;
    m_head->setFixedHeight(qRound(kHead * textScale()));
    auto *row = new QHBoxLayout(m_head);
    row->setContentsMargins(kPaneSide, 0, kPaneSide, 0);
    row->setSpacing(kStep2);
    m_number = strongLabel({});
    m_status = new Button({}, {}, tr("Change the status of this record"));
    m_split = new Button({}, {}, tr("Choose what this record is for: training or the held-out test"));
    m_saveState = smallLabel({});
    m_position = smallLabel({});
    m_previous = iconButton(QStringLiteral("chevron-up"), tr("Previous record (K)"));
    m_next = iconButton(QStringLiteral("chevron-down"), tr("Next record (J)"));
    for (Button *button : {m_status, m_split})
        button->setHeight(kBadge);
    for (Button *button : {m_previous, m_next})
        button->setHeight(kButtonSmall);

    auto *statuses = new QMenu(m_status);
    for (const auto status : {data::RecordStatus::New, data::RecordStatus::Edited, data::RecordStatus::Approved, data::RecordStatus::Rejected})
        statuses->addAction(statusName(status), this, [this, status] {
            flush();
            emit statusChosen(status);
        });
    connect(m_status, &QAbstractButton::clicked, statuses,
            [this, statuses] { statuses->popup(m_status->mapToGlobal(QPoint(0, m_status->height() + 2))); });
    auto *splits = new QMenu(m_split);
    for (const auto split : {data::Split::Unassigned, data::Split::Train, data::Split::HeldOut, data::Split::Test})
        splits->addAction(splitLabel(split), this, [this, split] {
            flush();
            emit splitChosen(split);
        });
    connect(m_split, &QAbstractButton::clicked, splits,
            [this, splits] { splits->popup(m_split->mapToGlobal(QPoint(0, m_split->height() + 2))); });
    connect(m_previous, &QAbstractButton::clicked, this, &RecordEditor::previousRequested);
    connect(m_next, &QAbstractButton::clicked, this, &RecordEditor::nextRequested);

    row->addWidget(m_number);
    row->addWidget(m_status);
    row->addWidget(m_split);
    row->addWidget(m_saveState);
    row->addStretch(1);
    row->addWidget(m_position);
    row->addWidget(m_previous);
    row->addWidget(m_next);
    for (const QString &key : {QStringLiteral("K"), QStringLiteral("J")}) {
        auto *hint = new KeyHint(key);
        m_keyHints.append(hint);
        row->addWidget(hint);
    }
}

void RecordEditor::setupFields()
{
    m_body = new QWidget;
    m_body->setBackgroundRole(QPalette::Base);
    m_column = new QVBoxLayout(m_body);
    m_column->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep3);
    m_column->setSpacing(kStep2);

    m_context = new FieldBox(tr("Context"));
    m_context->text()->setToolTip(tr("Material that belongs to the question. It is read, never learnt."));
    m_addContext = new Link(tr("Add context"));
    m_addContext->setTextSize(TextSize::Small);
    m_addContext->setToolTip(tr("Add material that belongs to the question, for example the passage it asks about"));
    m_draft = new DraftBox;
    m_addTurn = new Link(tr("Add a turn"));
    m_addTurn->setTextSize(TextSize::Small);
    m_addTurn->setToolTip(tr("Goes on with the conversation: another question or another answer"));
    m_note = new FieldBox(tr("Note"));
    m_note->text()->setToolTip(tr("For you and your colleagues. The model never sees it."));
    m_addNote = new Link(tr("Add note"));
    m_addNote->setTextSize(TextSize::Small);
    m_addNote->setMinimumHeight(kBadge);
    m_addNote->setToolTip(tr("Write a note for you and your colleagues; the model never sees it"));
    m_tags = new TagRow;
    m_stars = new RatingStars;

    auto *meta = new QHBoxLayout;
    meta->setContentsMargins(0, 0, 0, 0);
    meta->setSpacing(kStep2);
    auto *tagLabel = sectionLabel(tr("Tags"));
    meta->addWidget(tagLabel, 0, Qt::AlignTop);
    tagLabel->setMinimumHeight(kBadge);
    meta->addWidget(m_tags, 1);
    meta->addWidget(m_addNote, 0, Qt::AlignTop);
    auto *rating = sectionLabel(tr("Rating"));
    rating->setMinimumHeight(kBadge);
    meta->addWidget(rating, 0, Qt::AlignTop);
    meta->addWidget(m_stars, 0, Qt::AlignTop);

    m_column->addWidget(m_addContext, 0, Qt::AlignLeft);
    m_column->addWidget(m_context);
    m_column->addWidget(m_draft);
    m_source = new ElidedLabel({}, TextSize::Small, Weight::Regular, Ink::Muted);
    m_source->setElideMode(Qt::ElideMiddle);
    auto *foot = new QHBoxLayout;
    foot->setContentsMargins(0, 0, 0, 0);
    foot->setSpacing(kStep3);
    foot->addWidget(m_addTurn);
    foot->addStretch(1);
    foot->addWidget(m_source);
    m_column->addLayout(foot);
    m_column->addLayout(meta);
    m_column->addWidget(m_note);
    m_column->addStretch(1);

    m_scroll = new QScrollArea;
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setWidgetResizable(true);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setFocusPolicy(Qt::NoFocus);
    m_scroll->setBackgroundRole(QPalette::Base);
    m_scroll->viewport()->setBackgroundRole(QPalette::Base);
    m_scroll->setWidget(m_body);
    m_body->installEventFilter(this);

    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addWidget(m_head);
    all->addWidget(new Separator);
    all->addWidget(m_scroll, 1);
    setBackgroundRole(QPalette::Base);
    setAutoFillBackground(true);
}

void RecordEditor::connectFields()
{
    const auto open = [this](FieldBox *box, Link *link) {
        link->hide();
        box->show();
        box->text()->setFocus(Qt::OtherFocusReason);
        emit contentHeightChanged();
    };
    connect(m_addContext, &QAbstractButton::clicked, this, [this, open] { open(m_context, m_addContext); });
    connect(m_addTurn, &QAbstractButton::clicked, this, [this] { addTurn(static_cast<int>(m_record.turns.size()) - 1); });
    connect(m_addNote, &QAbstractButton::clicked, this, [this, open] { open(m_note, m_addNote); });
    watch(m_context->text());
    watch(m_note->text());
    connect(m_tags, &TagRow::tagsChanged, this, &RecordEditor::metaChanged);
    connect(m_tags, &TagRow::addingFinished, this, &RecordEditor::leaveRequested);
    connect(m_stars, &RatingStars::ratingChosen, this, &RecordEditor::metaChanged);
}

void RecordEditor::watch(GrowingText *text)
{
    connect(text, &QTextEdit::textChanged, this, [this] {
        fieldChanged();
        emit contentHeightChanged();
    });
    connect(text, &GrowingText::left, this, &RecordEditor::flush);
}

FieldBox *RecordEditor::fieldFor(std::size_t index)
{
    while (m_fields.size() <= index) {
        auto *box = new FieldBox({}, m_body); // a parent from the start: shown without one it would be a window
        watch(box->text());
        connect(box, &FieldBox::menuWanted, this, [this, turn = static_cast<int>(m_fields.size())](const QPoint &position) { openTurnMenu(turn, position); });
        connect(box, &FieldBox::offerTaken, this, &RecordEditor::draftWanted);
        emit fieldAdded(box->text());
        m_fields.push_back(box);
        m_arrangedFor = -2;
    }
    return m_fields[index];
}

void RecordEditor::arrangeFields(int userTurn)
{
    if (userTurn == m_arrangedFor)
        return;
    m_arrangedFor = userTurn;
    int position = 0;
    QWidget *previous = m_next;
    for (std::size_t turn = 0; turn < m_fields.size(); ++turn) {
        m_column->removeWidget(m_fields[turn]);
        m_column->insertWidget(position++, m_fields[turn]);
        setTabOrder(previous, m_fields[turn]->text());
        previous = m_fields[turn]->text();
        if (static_cast<int>(turn) != userTurn)
            continue;
        // Context belongs below the first question.
        m_column->removeWidget(m_addContext);
        m_column->removeWidget(m_context);
        m_column->insertWidget(position++, m_addContext, 0, Qt::AlignLeft);
        m_column->insertWidget(position++, m_context);
        setTabOrder(previous, m_addContext);
        setTabOrder(m_addContext, m_context->text());
        previous = m_context->text();
    }
}

void RecordEditor::showHead()
{
    m_head->setEnabled(m_isShown);
    for (QWidget *widget : std::initializer_list<QWidget *>{m_status, m_split, m_previous, m_next, m_position, m_saveState})
        widget->setVisible(m_isShown);
    m_source->setText(!m_isShown ? QString() : m_record.source.empty() ? tr("Written here") : tr("From %1").arg(QString::fromStdString(m_record.source)));
    if (!m_isShown) {
        m_number->setText(tr("No record chosen"));
        return;
    }
    m_number->setText(tr("No. %1").arg(countText(m_record.id.value)));
    m_status->setText(statusName(m_record.status));
    m_status->setIconName(statusIcon(m_record.status));
    m_status->setAccessibleName(tr("Status: %1").arg(statusName(m_record.status)));
    m_split->setText(splitName(m_record.split) == splitName(data::Split::Unassigned) ? tr("no split") : splitName(m_record.split));
    m_split->setAccessibleName(tr("Split: %1").arg(splitLabel(m_record.split)));
}

void RecordEditor::setPosition(qint64 number, qint64 count)
{
    m_position->setText(number > 0 ? tr("%1 of %2").arg(countText(number), countText(count)) : tr("not in this list"));
    m_previous->setEnabled(number > 1);
    m_next->setEnabled(number > 0 && number < count);
}

void RecordEditor::setKnownTags(const QStringList &tags)
{
    m_tags->setKnownTags(tags);
}

void RecordEditor::limitLines()
{
    // In a narrow window the lens must keep its room: long fields scroll inside.
    for (std::size_t turn = 0; turn < m_fields.size(); ++turn) {
        const bool isAnswer = turn < m_record.turns.size() && m_record.turns[turn].role == data::Role::Assistant;
        m_fields[turn]->text()->setMaximumLines(!m_isNarrow ? 0 : isAnswer ? 3 : 1);
    }
    m_draft->text()->setMaximumLines(m_isNarrow ? 3 : 12);
    m_context->text()->setMaximumLines(m_isNarrow ? 2 : 0);
    m_note->text()->setMaximumLines(m_isNarrow ? 2 : 0);
}

void RecordEditor::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    limitLines();
    for (QWidget *hint : std::as_const(m_keyHints))
        hint->setVisible(!isNarrow);
    m_position->setMaximumWidth(isNarrow ? 0 : QWIDGETSIZE_MAX);
}

void RecordEditor::setSaveState(const QString &text, bool isBad)
{
    m_saveState->setText(text);
    m_saveState->setInk(isBad ? Ink::Bad : Ink::Muted);
    m_saveState->setToolTip(tr("Changes are kept on disk after a pause of typing and when you leave the record"));
}

bool RecordEditor::eventFilter(QObject *watched, QEvent *event)
{
    // Fields know their height when they know their width: then there is more or less to show than before.
    if (watched == m_body && event->type() == QEvent::LayoutRequest)
        emit contentHeightChanged();
    return QWidget::eventFilter(watched, event);
}

int RecordEditor::contentHeight() const
{
    if (!m_isShown)
        return m_head->height() + 1;
    const int fields = m_column->hasHeightForWidth() ? m_column->totalHeightForWidth(m_scroll->viewport()->width())
                                                     : m_column->totalSizeHint().height();
    return m_head->height() + 1 + fields;
}

void RecordEditor::fitHeight(int room)
{
    setFixedHeight(std::clamp(contentHeight(), m_head->height() + 1, std::max(room, m_head->height() + 1)));
}

void RecordEditor::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface1);
}

} // namespace fettle::ui
