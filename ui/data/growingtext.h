// A field for longer text that grows with it, and that never changes characters it does not show differently: no-break spaces survive, and
// CRLF files stay CRLF. Undo falls through to the project when the field has nothing of its own to undo.
#pragma once

#include "core/base/ids.h"

#include <QTextEdit>

#include <vector>

class QMenu;

namespace fettle::ui {

class GrowingText : public QTextEdit {
    Q_OBJECT
public:
    explicit GrowingText(QWidget *parent = nullptr);

    // Replaces the text without an undo step; the field is unmodified afterwards.
    void setExactText(const QString &text);
    // What was set, or what it has become through editing.
    [[nodiscard]] QString exactText() const;
    [[nodiscard]] bool isChangedByUser() const;
    // Selects code points [begin, end) of the exact text and gives the field the focus.
    void selectSpan(TextSpan span);
    // Underlines code points of the exact text, ascending: words that no dictionary knows. The word that is being written is left alone.
    void setUnknownWords(const std::vector<TextSpan> &spans);
    // The underlined word at a place of the document, selected; a null cursor where there is none.
    [[nodiscard]] QTextCursor unknownWordAt(int position) const;
    // Off for texts that are no prose.
    void setProse(bool isProse) { m_isProse = isProse; }
    [[nodiscard]] bool isProse() const { return m_isProse; }
    void setMaximumLines(int lines); // beyond it the field scrolls; 0: no limit

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

signals:
    void left(); // the keyboard went elsewhere
    void textReplaced(); // by setExactText
    void menuOpening(QMenu *menu, int position); // what is added to it is shown; the place of the document that it is for

protected:
    bool event(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void changeEvent(QEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    bool canInsertFromMimeData(const QMimeData *source) const override;
    void insertFromMimeData(const QMimeData *source) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

private:
    void applyLineHeight();
    void updateHeight();
    void showUnknownWords();
    [[nodiscard]] std::vector<int> placesOf(const std::vector<std::int64_t> &codePoints) const; // ascending; in the document

    QString m_original;
    bool m_hasCarriageReturns = false; // every line of the original ends in CR LF
    int m_maximumLines = 0;
    bool m_isProse = true;
    std::vector<QTextCursor> m_unknown;
};

} // namespace fettle::ui
