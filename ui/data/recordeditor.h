// The editor of one record: its fields, tags, rating, note, status and split. Collects changes and says when they should be kept: after a
// pause of typing and before the record is left. Knows no project: whoever listens saves, and answers with markSaved or markFailed.
#pragma once

#include "core/data/record.h"
#include "ui/data/tokentiles.h"

#include <QTimer>
#include <QWidget>

#include <functional>
#include <optional>

class QScrollArea;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class DraftBox;
class ElidedLabel;
class FieldBox;
class GrowingText;
class KeyHint;
class Link;
class RatingStars;
class TagRow;
class TextLabel;

class RecordEditor : public QWidget {
    Q_OBJECT
public:
    explicit RecordEditor(QWidget *parent = nullptr);
    ~RecordEditor() override;

    // Shows another record, or the same one as it now stands in the project. Unsaved changes must have been flushed.
    void setRecord(const data::Record &record);
    void clear();
    [[nodiscard]] bool hasRecord() const { return m_isShown; }
    // The record with all changes made so far.
    [[nodiscard]] data::Record record() const;
    [[nodiscard]] RecordId recordId() const { return m_record.id; }
    [[nodiscard]] bool hasUnsavedChanges() const { return m_isDirty; }
    // "8 of 1,284"
    void setPosition(qint64 number, qint64 count);
    void setKnownTags(const QStringList &tags);
    void setNarrow(bool isNarrow);

    // Asks to save what has not been saved. Nothing happens without changes.
    void flush();
    void markSaved(const data::Record &saved);
    // Status and split as the project has them now; texts stay.
    void showDecisions(const data::Record &record);
    void markFailed(const QString &reason);

    void focusFirstField();
    void startTagging();
    void selectToken(const TokenTile &tile);
    // The answer that a model proposed for this record.
    [[nodiscard]] DraftBox *draftBox() const { return m_draft; }
    // What stands beside the answer to have one drafted, for example "Draft with Run 7"; empty: nothing.
    void setDraftOffer(const QString &offer, const QString &help);
    [[nodiscard]] QString responseText() const;
    // The turns of the conversation as a whole; each change is kept at once. Turns are counted from 0.
    void addTurn(int after);
    void removeTurn(int turn);
    void moveTurn(int turn, int by);
    void setTurnRole(int turn, data::Role role);
    // Height that would show everything.
    [[nodiscard]] int contentHeight() const;
    // Height of the whole editor that shows everything, at most `room`.
    void fitHeight(int room);

signals:
    void edited(const fettle::data::Record &record);     // at once, for the lens
    void saveWanted(const fettle::data::Record &record); // durable, please
    void statusChosen(fettle::data::RecordStatus status);
    void splitChosen(fettle::data::Split split);
    void previousRequested();
    void nextRequested();
    void contentHeightChanged();
    void draftWanted();
    void fieldAdded(fettle::ui::GrowingText *field); // there are more turns than ever before
    void leaveRequested(); // Escape: back to the table

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    void setupHead();
    void setupFields();
    void connectFields();
    void showFields();
    void showHead();
    void fieldChanged();
    void metaChanged();
    void setSaveState(const QString &text, bool isBad);
    void watch(GrowingText *text);
    void changeTurns(const std::function<void(std::vector<data::Turn> &)> &change);
    void openTurnMenu(int turn, const QPoint &globalPosition);
    void limitLines();
    [[nodiscard]] FieldBox *fieldFor(std::size_t index);
    void showOffer();
    void arrangeFields(int userTurn); // -1: the record has no question
    [[nodiscard]] GrowingText *fieldOfTurn(int turn) const;

    data::Record m_record;      // as it was shown; texts that nobody touched are taken from here
    bool m_isShown = false;
    bool m_isDirty = false;
    bool m_isNarrow = false;
    bool m_isFilling = false;
    int m_arrangedFor = -2;     // user turn for which the fields are in order
    bool m_hasAddedResponse = false; // the record had no answer; the empty field is ours
    QTimer m_pause;

    QWidget *m_head = nullptr, *m_body = nullptr;
    QScrollArea *m_scroll = nullptr;
    QVBoxLayout *m_column = nullptr;
    ElidedLabel *m_source = nullptr; // where the record came from
    TextLabel *m_number = nullptr, *m_position = nullptr, *m_saveState = nullptr;
    Button *m_status = nullptr, *m_split = nullptr, *m_previous = nullptr, *m_next = nullptr;
    QList<QWidget *> m_keyHints;
    std::vector<FieldBox *> m_fields;   // one for each turn
    FieldBox *m_context = nullptr, *m_note = nullptr;
    Link *m_addContext = nullptr, *m_addNote = nullptr, *m_addTurn = nullptr;
    DraftBox *m_draft = nullptr;
    QString m_offer, m_offerHelp;
    TagRow *m_tags = nullptr;
    RatingStars *m_stars = nullptr;
};

} // namespace fettle::ui
