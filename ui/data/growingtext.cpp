#include "ui/data/growingtext.h"

#include "ui/theme/tokens.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QMimeData>
#include <QScrollBar>
#include <QTextBlock>

#include <algorithm>

namespace fettle::ui {

namespace {
// The fixed line height puts its spare pixels above the letters; the margins put them back into the middle.
constexpr int kSide = 8, kTop = 3, kBottom = 7;

int lineHeight()
{
    return qRound(20 * textScale());
}

bool hasOnlyCrLf(const QString &text)
{
    return text.contains(QLatin1String("\r\n")) && text.count(u'\n') == text.count(QLatin1String("\r\n"));
}
} // namespace

GrowingText::GrowingText(QWidget *parent) : QTextEdit(parent)
{
    setAcceptRichText(false);
    setTabChangesFocus(true);
    setProperty("field", true);
    setFont(textFont());
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    document()->setDocumentMargin(0);
    setViewportMargins(kSide, kTop, kSide, kBottom);
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    applyLineHeight();
    connect(this, &QTextEdit::textChanged, this, &GrowingText::updateHeight);
    connect(this, &QTextEdit::cursorPositionChanged, this, [this] {
        if (!m_unknown.empty())
            showUnknownWords();
    });
    updateHeight();
}

void GrowingText::setExactText(const QString &text)
{
    m_original = text;
    m_hasCarriageReturns = hasOnlyCrLf(text);
    {
        const QSignalBlocker blocker(this);
        setPlainText(text);
        applyLineHeight();
        document()->clearUndoRedoStacks();
        document()->setModified(false);
        updateHeight();
    }
    setUnknownWords({});
    emit textReplaced();
}

QString GrowingText::exactText() const
{
    if (!isChangedByUser())
        return m_original;
    // toPlainText would turn no-break spaces into spaces.
    QString text = document()->toRawText();
    text.replace(QChar::ParagraphSeparator, u'\n');
    if (m_hasCarriageReturns)
        text.replace(QLatin1String("\n"), QLatin1String("\r\n"));
    return text;
}

bool GrowingText::isChangedByUser() const
{
    return document()->isModified();
}

std::vector<int> GrowingText::placesOf(const std::vector<std::int64_t> &codePoints) const
{
    const QString text = exactText();
    std::vector<int> places;
    places.reserve(codePoints.size());
    qsizetype unit = 0, skipped = 0;
    std::int64_t seen = 0;
    for (const std::int64_t wanted : codePoints) {
        for (; seen < wanted && unit < text.size(); ++seen) {
            if (text.at(unit) == u'\r' && unit + 1 < text.size() && text.at(unit + 1) == u'\n')
                ++skipped; // the document holds one separator for the pair
            unit += text.at(unit).isHighSurrogate() && unit + 1 < text.size() ? 2 : 1;
        }
        places.push_back(static_cast<int>(std::min<qsizetype>(unit - skipped, document()->characterCount() - 1)));
    }
    return places;
}

void GrowingText::selectSpan(TextSpan span)
{
    const std::vector<int> places = placesOf({span.begin, span.end});
    QTextCursor cursor = textCursor();
    cursor.setPosition(places[0]);
    cursor.setPosition(places[1], QTextCursor::KeepAnchor);
    setTextCursor(cursor);
    setFocus(Qt::OtherFocusReason);
    ensureCursorVisible();
}

void GrowingText::setUnknownWords(const std::vector<TextSpan> &spans)
{
    if (spans.empty() && m_unknown.empty())
        return;
    std::vector<std::int64_t> codePoints;
    for (const TextSpan &span : spans) {
        codePoints.push_back(span.begin);
        codePoints.push_back(span.end);
    }
    const std::vector<int> places = placesOf(codePoints);
    m_unknown.clear();
    for (std::size_t i = 0; i < places.size(); i += 2) {
        QTextCursor word(document());
        word.setPosition(places[i]);
        word.setPosition(places[i + 1], QTextCursor::KeepAnchor);
        m_unknown.push_back(word);
    }
    showUnknownWords();
}

void GrowingText::showUnknownWords()
{
    QTextCharFormat look;
    look.setUnderlineStyle(QTextCharFormat::SpellCheckUnderline);
    look.setUnderlineColor(tokens().bad);
    QList<ExtraSelection> shown;
    for (const QTextCursor &word : m_unknown)
        if (!hasFocus() || textCursor().hasSelection() || textCursor().position() != word.selectionEnd())
            shown.append({word, look});
    setExtraSelections(shown);
}

QTextCursor GrowingText::unknownWordAt(int position) const
{
    for (const QTextCursor &word : m_unknown)
        if (word.hasSelection() && word.selectionStart() <= position && position <= word.selectionEnd())
            return word;
    return {};
}

void GrowingText::contextMenuEvent(QContextMenuEvent *event)
{
    QMenu *menu = createStandardContextMenu(event->pos());
    menu->setAttribute(Qt::WA_DeleteOnClose);
    emit menuOpening(menu, event->reason() == QContextMenuEvent::Keyboard ? textCursor().position() : cursorForPosition(event->pos()).position());
    menu->popup(event->globalPos());
}

void GrowingText::setMaximumLines(int lines)
{
    m_maximumLines = lines;
    setVerticalScrollBarPolicy(lines > 1 ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
    updateHeight();
}

QSize GrowingText::sizeHint() const
{
    return {200, minimumHeight()};
}

QSize GrowingText::minimumSizeHint() const
{
    return {60, minimumHeight()};
}

bool GrowingText::event(QEvent *event)
{
    // An undo that the field cannot do itself belongs to the project: leave the key to the window's action.
    if (event->type() == QEvent::ShortcutOverride) {
        auto *key = static_cast<QKeyEvent *>(event);
        const bool isForProject = (key->matches(QKeySequence::Undo) && !document()->isUndoAvailable())
            || (key->matches(QKeySequence::Redo) && !document()->isRedoAvailable());
        const bool isForPage = (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) && (key->modifiers() & Qt::ControlModifier);
        if (isForProject || isForPage) {
            event->ignore();
            return true;
        }
    }
    return QTextEdit::event(event);
}

void GrowingText::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape) {
        event->ignore(); // the page takes the focus back to the table
        return;
    }
    QTextEdit::keyPressEvent(event);
}

void GrowingText::resizeEvent(QResizeEvent *event)
{
    QTextEdit::resizeEvent(event);
    updateHeight();
}

void GrowingText::changeEvent(QEvent *event)
{
    QTextEdit::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        updateHeight();
    if (event->type() == QEvent::PaletteChange && !m_unknown.empty())
        showUnknownWords(); // in the colours of the theme
}

bool GrowingText::canInsertFromMimeData(const QMimeData *source) const
{
    return source->hasText() && !source->hasUrls(); // files belong to the page, which imports them
}

void GrowingText::focusInEvent(QFocusEvent *event)
{
    QTextEdit::focusInEvent(event);
    update(); // the frame shows the focus
}

void GrowingText::focusOutEvent(QFocusEvent *event)
{
    QTextEdit::focusOutEvent(event);
    update();
    if (event->reason() != Qt::PopupFocusReason)
        emit left();
}

void GrowingText::insertFromMimeData(const QMimeData *source)
{
    if (source->hasText())
        textCursor().insertText(source->text());
}

void GrowingText::applyLineHeight()
{
    QTextBlockFormat format;
    format.setLineHeight(lineHeight(), QTextBlockFormat::FixedHeight);
    QTextCursor cursor(document());
    cursor.select(QTextCursor::Document);
    cursor.mergeBlockFormat(format);
}

void GrowingText::updateHeight()
{
    const int text = std::max(lineHeight(), qRound(document()->size().height()));
    const int shown = m_maximumLines > 0 ? std::min(text, m_maximumLines * lineHeight()) : text;
    const int height = shown + kTop + kBottom + 2 * frameWidth();
    if (height == minimumHeight() && height == maximumHeight())
        return;
    setFixedHeight(height);
    updateGeometry();
}

} // namespace fettle::ui
