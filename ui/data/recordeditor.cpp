#include "ui/data/recordeditor.h"

#include "ui/data/draftbox.h"
#include "ui/data/fieldbox.h"
#include "ui/data/growingtext.h"
#include "ui/data/ratingstars.h"
#include "ui/data/recordwords.h"
#include "ui/data/tagrow.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QKeyEvent>

#include <algorithm>

namespace fettle::ui {

namespace {

constexpr int kSavePauseMs = 700; // of typing, before a change is kept

QStringList tagList(const std::vector<std::string> &tags)
{
    QStringList list;
    for (const std::string &tag : tags)
        list.append(QString::fromStdString(tag));
    return list;
}

int firstUserTurn(const data::Record &record)
{
    for (std::size_t turn = 0; turn < record.turns.size(); ++turn)
        if (record.turns[turn].role == data::Role::User)
            return static_cast<int>(turn);
    return -1;
}

// The turn that a token was written from; -1: none of the turns.
int turnOf(const TokenTile &tile, const data::Record &record)
{
    const auto first = [&](data::Role role) {
        const auto found = std::find_if(record.turns.begin(), record.turns.end(), [role](const data::Turn &t) { return t.role == role; });
        return found == record.turns.end() ? -1 : static_cast<int>(found - record.turns.begin());
    };
    int lastAssistant = -1;
    for (std::size_t turn = 0; turn < record.turns.size(); ++turn)
        if (record.turns[turn].role == data::Role::Assistant)
            lastAssistant = static_cast<int>(turn);
    switch (tile.source) {
    case data::TokenSource::System: return first(data::Role::System);
    case data::TokenSource::Instruction: return first(data::Role::User);
    case data::TokenSource::Response: return lastAssistant;
    case data::TokenSource::OtherTurn: {
        int other = -1;
        for (int turn = 0; turn < static_cast<int>(record.turns.size()); ++turn) {
            const bool isNamed = turn == first(data::Role::System) || turn == first(data::Role::User) || turn == lastAssistant;
            if (!isNamed && !record.turns[static_cast<std::size_t>(turn)].text.empty() && ++other == tile.otherTurn)
                return turn;
        }
        return -1;
    }
    default: return -1;
    }
}

} // namespace

RecordEditor::RecordEditor(QWidget *parent) : QWidget(parent)
{
    qRegisterMetaType<fettle::data::Record>();
    m_pause.setSingleShot(true);
    m_pause.setInterval(kSavePauseMs);
    connect(&m_pause, &QTimer::timeout, this, &RecordEditor::flush);
    setupHead();
    setupFields();
    connectFields();
    clear();
}

RecordEditor::~RecordEditor()
{
    // Closing takes the keyboard from the fields; what they say then must not reach an editor that is half gone.
    for (GrowingText *text : findChildren<GrowingText *>())
        text->disconnect(this);
    m_draft->disconnect();
}

void RecordEditor::setRecord(const data::Record &record)
{
    const bool isSame = m_isShown && record.id == m_record.id;
    if (!isSame)
        m_draft->setDraft({}, {});
    m_isFilling = true;
    m_pause.stop();
    m_isDirty = false;
    m_record = record;
    if (m_record.turns.empty())
        m_record = data::makePair({}, {}, {});
    m_record.id = record.id;
    m_hasAddedResponse = m_record.turns.back().role != data::Role::Assistant;
    if (m_hasAddedResponse)
        m_record.turns.push_back({data::Role::Assistant, {}, {}});
    m_isShown = true;
    showHead();
    showFields();
    if (!isSame)
        setSaveState({}, false);
    m_isFilling = false;
    emit contentHeightChanged();
}

void RecordEditor::clear()
{
    m_pause.stop();
    m_isShown = false;
    m_isDirty = false;
    m_record = {};
    m_draft->setDraft({}, {});
    m_body->hide();
    showHead();
}

data::Record RecordEditor::record() const
{
    data::Record record = m_record;
    for (std::size_t turn = 0; turn < record.turns.size() && turn < m_fields.size(); ++turn)
        if (m_fields[turn]->text()->isChangedByUser())
            record.turns[turn].text = m_fields[turn]->text()->exactText().toStdString();
    if (m_context->text()->isChangedByUser())
        record.context = m_context->text()->exactText().toStdString();
    if (m_note->text()->isChangedByUser())
        record.note = m_note->text()->exactText().toStdString();
    record.tags.clear();
    for (const QString &tag : m_tags->tags())
        record.tags.push_back(tag.toStdString());
    record.rating = m_stars->rating();
    if (m_hasAddedResponse && record.turns.back().text.empty())
        record.turns.pop_back();
    return record;
}

QString RecordEditor::responseText() const
{
    return QString::fromStdString(std::string(data::responseOf(record())));
}

void RecordEditor::fieldChanged()
{
    if (m_isFilling || !m_isShown)
        return;
    m_isDirty = true;
    setSaveState(tr("not saved yet"), false);
    m_pause.start();
    emit edited(record());
}

void RecordEditor::metaChanged()
{
    if (m_isFilling || !m_isShown)
        return;
    // Tags and stars are single decisions: there is no pause to wait for.
    m_isDirty = true;
    flush();
}

void RecordEditor::flush()
{
    m_draft->flush();
    m_pause.stop();
    if (!m_isShown || !m_isDirty)
        return;
    m_isDirty = false; // a change during the save makes it dirty again
    setSaveState(tr("saving"), false);
    emit saveWanted(record());
}

void RecordEditor::markSaved(const data::Record &saved)
{
    if (!m_isShown || saved.id != m_record.id || m_isDirty)
        return;
    setSaveState(tr("saved"), false);
}

void RecordEditor::showDecisions(const data::Record &record)
{
    m_record.status = record.status;
    m_record.split = record.split;
    m_record.source = record.source;
    showHead();
}

void RecordEditor::markFailed(const QString &reason)
{
    m_isDirty = true; // the text is still only here
    setSaveState(tr("not saved"), true);
    m_saveState->setToolTip(reason);
}

void RecordEditor::focusFirstField()
{
    const int turn = std::max(0, firstUserTurn(m_record));
    if (GrowingText *field = fieldOfTurn(turn)) {
        field->setFocus(Qt::ShortcutFocusReason);
        field->moveCursor(QTextCursor::End);
    }
}

void RecordEditor::startTagging()
{
    m_tags->startAdding();
}

void RecordEditor::selectToken(const TokenTile &tile)
{
    if (!m_isShown || tile.field.begin >= tile.field.end)
        return;
    if (tile.source == data::TokenSource::Context) {
        if (!m_context->isHidden())
            m_context->text()->selectSpan(tile.field);
        return;
    }
    if (GrowingText *field = fieldOfTurn(turnOf(tile, m_record)))
        field->selectSpan(tile.field);
}

GrowingText *RecordEditor::fieldOfTurn(int turn) const
{
    if (turn < 0 || turn >= static_cast<int>(m_fields.size()) || m_fields[static_cast<std::size_t>(turn)]->isHidden())
        return nullptr;
    return m_fields[static_cast<std::size_t>(turn)]->text();
}

void RecordEditor::showFields()
{
    const bool isPair = data::isPair(m_record);
    const int user = firstUserTurn(m_record);
    for (std::size_t turn = 0; turn < m_record.turns.size(); ++turn) {
        FieldBox *box = fieldFor(turn);
        const data::Turn &entry = m_record.turns[turn];
        QString label = roleName(entry.role);
        if (isPair && entry.role == data::Role::User)
            label = tr("Instruction");
        else if (isPair && entry.role == data::Role::Assistant)
            label = tr("Response");
        box->setLabel(label);
        box->text()->setProse(entry.role != data::Role::Tool);
        box->text()->setExactText(QString::fromStdString(entry.text));
        box->setExtra(QString::fromStdString(entry.extraJson));
        box->menuButton()->setVisible(true);
        box->show();
    }
    arrangeFields(user);
    limitLines();
    showOffer();
    for (std::size_t turn = m_record.turns.size(); turn < m_fields.size(); ++turn)
        m_fields[turn]->hide();

    m_context->text()->setExactText(QString::fromStdString(m_record.context));
    m_note->text()->setExactText(QString::fromStdString(m_record.note));
    m_context->setVisible(!m_record.context.empty());
    m_addContext->setVisible(m_record.context.empty() && user >= 0);
    m_addTurn->show();
    m_note->setVisible(!m_record.note.empty());
    m_addNote->setVisible(m_record.note.empty());
    m_tags->setTags(tagList(m_record.tags));
    m_stars->setRating(m_record.rating);
    m_body->show();
}

void RecordEditor::setDraftOffer(const QString &offer, const QString &help)
{
    m_offer = offer;
    m_offerHelp = help;
    showOffer();
}

void RecordEditor::showOffer()
{
    // What uses tools is written by hand.
    for (std::size_t turn = 0; turn < m_fields.size(); ++turn) {
        const bool isLastAnswer = turn + 1 == m_record.turns.size() && m_record.turns[turn].role == data::Role::Assistant && m_record.toolsJson.empty();
        m_fields[turn]->setOffer(isLastAnswer ? m_offer : QString(), m_offerHelp);
    }
}

void RecordEditor::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape) {
        flush();
        emit leaveRequested();
        return;
    }
    QWidget::keyPressEvent(event);
}

} // namespace fettle::ui
