// See answercolumn.h.
#include "ui/playground/answercolumn.h"

#include "ui/playground/shiftlegend.h"
#include "ui/playground/tokenpane.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QAbstractTextDocumentLayout>
#include <QClipboard>
#include <QEvent>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QResizeEvent>
#include <QTextBlock>
#include <QTextEdit>
#include <QToolTip>
#include <QVBoxLayout>
#include <QtMath>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kLeastText = 60; // pixels

// The text with a flag before the first word that differs, so that it is found in grey, too.
class AnswerText : public QTextEdit {
public:
    explicit AnswerText(bool isBase) : m_isBase(isBase) {}
    void setFlag(std::optional<int> position)
    {
        m_flag = position;
        viewport()->update();
    }

protected:
    void paintEvent(QPaintEvent *event) override
    {
        QTextEdit::paintEvent(event);
        if (!m_flag)
            return;
        QTextCursor cursor(document());
        cursor.setPosition(*m_flag);
        const QRect line = cursorRect(cursor);
        const QPoint top(line.x() - 3, line.y() - 4); // clear of the word
        const QColor colour = m_isBase ? tokens().borderStrong : tokens().accent;
        QPainter painter(viewport());
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(colour);
        painter.drawPolygon(QPolygon({top, top + QPoint(6, 3), top + QPoint(0, 6)}));
        painter.fillRect(QRect(top, QPoint(top.x() + 1, line.bottom())), colour);
    }

private:
    bool m_isBase;
    std::optional<int> m_flag;
};

} // namespace

AnswerColumn::AnswerColumn(bool isBase, int number, QWidget *parent) : QWidget(parent), m_isBase(isBase)
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_text = new AnswerText(isBase);
    m_text->setReadOnly(true);
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_text->setFont(textFont());
    m_text->setCursorWidth(0); // the chosen token is the cursor
    m_text->document()->setDocumentMargin(kPaneSide);
    m_text->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_text->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_text->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored); // no higher than its text, where nothing is left over
    connect(m_text->document()->documentLayout(), &QAbstractTextDocumentLayout::documentSizeChanged, this, &AnswerColumn::fitHeight);
    fitHeight();
    m_text->setAccessibleName(isBase ? tr("Answer of the base model") : number > 0 ? tr("Answer in column %1").arg(number) : tr("Answer of the tuned model"));
    m_text->setAccessibleDescription(tr("Left and Right go from token to token and show what else was likely there."));
    m_text->setObjectName(isBase ? QStringLiteral("baseAnswer") : number > 0 ? QStringLiteral("answer%1").arg(number) : QStringLiteral("tunedAnswer"));
    m_text->installEventFilter(this);
    m_text->viewport()->installEventFilter(this);
    column->addWidget(m_text, 1);
    m_tokenPane = new TokenPane;
    m_tokenPane->hide();
    connect(m_tokenPane, &TokenPane::closeWanted, this, [this] {
        chooseToken({});
        m_text->setFocus();
    });
    column->addWidget(m_tokenPane);
    column->addWidget(new Separator);
    column->addWidget(makeFoot(number));
}

QWidget *AnswerColumn::makeFoot(int number)
{
    auto *foot = new QWidget;
    auto *row = new QHBoxLayout(foot);
    row->setContentsMargins(kPaneSide, kStep1, kStep2, kStep1);
    row->setSpacing(kStep2);
    m_leaves = new TextLabel({}, TextSize::Small, Weight::Regular, Ink::Accent);
    m_leaves->setToolTip(tr("Up to there both models wrote the same words."));
    m_foot = new ElidedLabel({}, TextSize::Small, Weight::Regular, Ink::Muted);
    m_copy = iconButton(QStringLiteral("copy"), m_isBase ? tr("Copy the answer of the base model") : number > 0 ? tr("Copy the answer in column %1").arg(number) : tr("Copy the answer of the tuned model"));
    m_copy->setHeight(kButtonSmall);
    m_copy->setEnabled(false);
    connect(m_copy, &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(text()); });
    m_correct = iconButton(QStringLiteral("pen-line"), m_isBase ? tr("Correct the answer of the base model") : number > 0 ? tr("Correct the answer in column %1").arg(number) : tr("Correct the answer of the tuned model"));
    m_correct->setObjectName(m_isBase ? QStringLiteral("correctBase") : number > 0 ? QStringLiteral("correct%1").arg(number) : QStringLiteral("correctTuned"));
    m_correct->setHeight(kButtonSmall);
    m_correct->setEnabled(false);
    connect(m_correct, &QPushButton::clicked, this, &AnswerColumn::correctionWanted);
    m_why = iconButton(QStringLiteral("circle-question-mark"), tr("Why did it say that?"));
    m_why->setObjectName(m_isBase ? QStringLiteral("whyBase") : number > 0 ? QStringLiteral("why%1").arg(number) : QStringLiteral("whyTuned"));
    m_why->setHeight(kButtonSmall);
    m_why->setEnabled(false);
    connect(m_why, &QPushButton::clicked, this, &AnswerColumn::reasonWanted);
    row->addWidget(m_leaves);
    row->addStretch(1);
    row->addWidget(m_foot);
    auto *buttons = new QHBoxLayout;
    buttons->setSpacing(0);
    for (Button *button : {m_copy, m_correct, m_why})
        buttons->addWidget(button);
    row->addLayout(buttons);
    return foot;
}

void AnswerColumn::updateButtons()
{
    const bool hasAnswer = m_isFinished && !text().isEmpty();
    m_copy->setEnabled(hasAnswer);
    m_correct->setEnabled(hasAnswer);
    m_why->setEnabled(hasAnswer && m_hasReason);
}

void AnswerColumn::setReasonPossible(bool isPossible, const QString &reason)
{
    m_hasReason = isPossible;
    m_why->setToolTip(isPossible ? tr("Why did it say that? Shows the training rows that are most like this question and answer.") : reason);
    updateButtons();
}

void AnswerColumn::setQuestionNumber(int number)
{
    m_text->setAccessibleName(tr("%1, question %2").arg(m_text->accessibleName()).arg(number));
    for (QWidget *widget : std::initializer_list<QWidget *>{m_text, m_copy, m_correct, m_why})
        widget->setObjectName(QStringLiteral("past") + widget->objectName());
}

// All of it can be seen without scrolling within the answer.
void AnswerColumn::fitHeight()
{
    if (!m_isRendering)
        m_text->setMinimumHeight(std::max(kLeastText, qCeil(m_text->document()->size().height())));
}

void AnswerColumn::clear()
{
    m_tokens.clear();
    m_reading.clear();
    m_plain.clear();
    m_divergence = -1;
    m_isFinished = true;
    m_ending.clear();
    chooseToken({});
    render();
    showFoot();
}

void AnswerColumn::begin()
{
    clear();
    m_isFinished = false;
    putCaret();
}

void AnswerColumn::append(const std::vector<engine::GeneratedToken> &tokens)
{
    QTextCursor cursor(m_text->document()); // not the view's: a selection stays while the answer grows
    cursor.beginEditBlock(); // the paragraph is laid out once for all of them
    takeCaret();
    cursor.movePosition(QTextCursor::End);
    for (const engine::GeneratedToken &token : tokens) {
        m_tokens.push_back(token);
        insertToken(cursor, static_cast<int>(m_tokens.size()) - 1);
    }
    putCaret();
    cursor.endEditBlock();
    showFoot();
}

void AnswerColumn::finish(const engine::ColumnResult &result)
{
    const QString speed = result.tokensPerSecond > 0 ? tr(", %1 tokens/s").arg(qRound(result.tokensPerSecond)) : QString();
    switch (result.finish) {
    case engine::FinishReason::EndOfTurn: stop(tr("ended") + speed); break;
    case engine::FinishReason::MaxTokens: stop(tr("cut at the longest answer") + speed); break;
    case engine::FinishReason::ContextFull: stop(tr("the model can read no more") + speed); break;
    case engine::FinishReason::Stopped: stop(tr("stopped")); break;
    }
}

void AnswerColumn::stop(const QString &why)
{
    if (m_isFinished)
        return;
    m_isFinished = true;
    m_ending = why;
    takeCaret();
    showFoot();
}

void AnswerColumn::restore(const std::vector<engine::GeneratedToken> &tokens, const QString &plain, const QString &ending)
{
    clear();
    m_tokens = tokens;
    if (tokens.empty())
        m_plain = plain;
    m_ending = ending;
    render();
    showFoot();
}

void AnswerColumn::setDivergence(int token)
{
    if (m_divergence == token)
        return;
    m_divergence = token;
    render();
    showFoot();
}

void AnswerColumn::setReading(std::vector<engine::GeneratedToken> reading)
{
    m_reading = std::move(reading);
    if (m_isShaded)
        render();
}

void AnswerColumn::setShaded(bool isShaded)
{
    if (isShaded == m_isShaded)
        return;
    m_isShaded = isShaded;
    render();
}

int AnswerColumn::fullHeight() const
{
    return height() - m_text->height() + m_text->minimumHeight();
}

QRect AnswerColumn::tokenPlace(int index) const
{
    QTextCursor cursor(m_text->document());
    cursor.setPosition(m_ends.at(static_cast<std::size_t>(index)));
    const QRect place = m_text->cursorRect(cursor);
    return {m_text->viewport()->mapTo(this, place.topLeft()), place.size()};
}

QString AnswerColumn::text() const
{
    QString whole = m_plain;
    for (const auto &token : m_tokens)
        whole += QString::fromStdString(token.text);
    return whole;
}

QTextCharFormat AnswerColumn::formatOf(int index) const
{
    const Tokens &t = tokens();
    QTextCharFormat format;
    format.setForeground(m_divergence >= 0 && index < m_divergence ? t.muted : t.text);
    if (index == m_divergence) {
        format.setBackground(m_isBase ? t.surface2 : t.accentSoft);
        format.setFontUnderline(true);
        format.setUnderlineColor(m_isBase ? t.borderStrong : t.accent);
    }
    const auto place = static_cast<std::size_t>(index);
    if (m_isShaded && place < m_reading.size())
        shadeByShift(format, shiftStep(m_tokens[place].probability, m_reading[place].probability));
    if (m_chosen == index) {
        format.setForeground(t.text);
        format.setBackground(t.selection);
        format.setFontUnderline(true);
        format.setUnderlineColor(t.accent);
    }
    return format;
}

void AnswerColumn::insertToken(QTextCursor &cursor, int index)
{
    QString text = QString::fromStdString(m_tokens[static_cast<std::size_t>(index)].text);
    const QTextCharFormat format = formatOf(index);
    // The space before a marked word is not marked, for the eye.
    if (format.hasProperty(QTextFormat::BackgroundBrush) && text.startsWith(QLatin1Char(' ')) && text.size() > 1) {
        cursor.insertText(QStringLiteral(" "), QTextCharFormat());
        text.remove(0, 1);
    }
    cursor.insertText(text, format);
    m_ends.resize(static_cast<std::size_t>(index));
    m_ends.push_back(cursor.position());
    if (index == m_divergence)
        static_cast<AnswerText *>(m_text)->setFlag(cursor.position() - static_cast<int>(text.size()));
}

void AnswerColumn::takeCaret()
{
    if (!m_hasCaret)
        return;
    QTextCursor cursor(m_text->document());
    cursor.movePosition(QTextCursor::End);
    cursor.deletePreviousChar();
    m_hasCaret = false;
}

void AnswerColumn::putCaret()
{
    QTextCharFormat format;
    format.setForeground(tokens().accent);
    QTextCursor cursor(m_text->document());
    cursor.movePosition(QTextCursor::End);
    cursor.insertText(QStringLiteral("\u2588"), format);
    m_hasCaret = true;
}

// The whole text anew: after a change of what is muted, shaded or chosen, and of the theme.
void AnswerColumn::render()
{
    m_isRendering = true; // not as low as nothing in between, or the page would jump
    m_text->clear();
    static_cast<AnswerText *>(m_text)->setFlag({});
    m_ends.clear();
    m_hasCaret = false;
    QTextCursor cursor(m_text->document());
    if (!m_plain.isEmpty())
        cursor.insertText(m_plain);
    for (std::size_t i = 0; i < m_tokens.size(); ++i)
        insertToken(cursor, static_cast<int>(i));
    if (!m_isFinished)
        putCaret();
    m_isRendering = false;
    fitHeight();
}

void AnswerColumn::showFoot()
{
    updateButtons();
    m_leaves->setText(m_isBase || m_divergence < 0 ? QString() : tr("Leaves base at token %1").arg(m_divergence + 1));
    const QString count = tr("%n token(s)", nullptr, static_cast<int>(m_tokens.size()));
    QString foot = m_tokens.empty() ? m_ending : m_ending.isEmpty() ? count : tr("%1, %2").arg(count, m_ending);
    m_foot->setToolTip(foot);
    // In a narrow column the speed is left out before a word is cut.
    const int beside = (m_leaves->text().isEmpty() ? 0 : m_leaves->sizeHint().width()) + 3 * m_copy->sizeHint().width() + kPaneSide + 4 * kStep2;
    if (QFontMetrics(textFont(TextSize::Small)).horizontalAdvance(foot) > width() - beside && m_ending.contains(QLatin1String(", ")))
        foot.truncate(foot.lastIndexOf(QLatin1String(", ")));
    m_foot->setText(foot);
}

std::optional<int> AnswerColumn::tokenAt(const QPoint &point) const
{
    int position = m_text->document()->documentLayout()->hitTest(point, Qt::ExactHit);
    if (position < 0)
        return {};
    // The hit is the nearest gap between two characters; the one below the pointer may be the one before it.
    QTextCursor cursor(m_text->document());
    cursor.setPosition(position);
    const QRect caret = m_text->cursorRect(cursor);
    if (caret.x() > point.x())
        --position;
    const auto end = std::ranges::upper_bound(m_ends, position);
    if (end == m_ends.end() || position < 0)
        return {};
    return static_cast<int>(end - m_ends.begin());
}

void AnswerColumn::chooseToken(std::optional<int> index)
{
    if (index && (*index < 0 || *index >= static_cast<int>(m_tokens.size())))
        return;
    if (index == m_chosen)
        return;
    m_chosen = index;
    if (!m_tokens.empty())
        render();
    if (index) {
        QTextCursor cursor(m_text->document());
        cursor.setPosition(m_ends[static_cast<std::size_t>(*index)]);
        m_text->setTextCursor(cursor);
    }
    m_tokenPane->setVisible(index.has_value());
    emit tokenChosen();
}

void AnswerColumn::showHint(const QPoint &point)
{
    const auto index = tokenAt(point);
    if (!index) {
        QToolTip::hideText();
        return;
    }
    const auto &token = m_tokens[static_cast<std::size_t>(*index)];
    const auto beside = m_beside ? m_beside(*index) : std::nullopt;
    const auto likely = [&](TokenId id, float probability) { // "74 %", or "74 %  (Base 0.4 %)"
        const auto other = beside ? probabilityOf(beside->token, id) : std::nullopt;
        return other ? tr("%1  (%2 %3)").arg(probabilityText(probability), beside->name, probabilityText(*other)) : probabilityText(probability);
    };
    QStringList lines = {tr("Token %1: %2").arg(*index + 1).arg(likely(token.id, token.probability))};
    for (const auto &alternative : token.alternatives)
        lines << QStringLiteral("%1  %2").arg(visibleToken(alternative.text), likely(alternative.id, alternative.probability));
    lines << tr("A click shows this below the answer.");
    QToolTip::showText(m_text->viewport()->mapToGlobal(point), lines.join(QLatin1Char('\n')), m_text->viewport());
}

bool AnswerColumn::handleKey(int key)
{
    if (m_tokens.empty())
        return false;
    const int last = static_cast<int>(m_tokens.size()) - 1;
    switch (key) {
    case Qt::Key_Right: chooseToken(m_chosen ? std::min(*m_chosen + 1, last) : std::max(0, m_divergence)); return true;
    case Qt::Key_Left: chooseToken(m_chosen ? std::max(*m_chosen - 1, 0) : std::max(0, m_divergence)); return true;
    case Qt::Key_Escape:
        if (!m_chosen)
            return false;
        chooseToken({});
        return true;
    default: return false;
    }
}

bool AnswerColumn::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_text && event->type() == QEvent::KeyPress) {
        const auto *key = static_cast<QKeyEvent *>(event);
        if (key->modifiers() == Qt::NoModifier || key->modifiers() == Qt::KeypadModifier)
            return handleKey(key->key());
    }
    if (watched == m_text->viewport() && event->type() == QEvent::ToolTip) {
        showHint(static_cast<QHelpEvent *>(event)->pos());
        return true;
    }
    // A click chooses; what was dragged over is a selection.
    if (watched == m_text->viewport() && event->type() == QEvent::MouseButtonRelease && !m_text->textCursor().hasSelection()) {
        const auto *mouse = static_cast<QMouseEvent *>(event);
        if (mouse->button() == Qt::LeftButton)
            if (const auto index = tokenAt(mouse->position().toPoint()))
                chooseToken(index == m_chosen ? std::nullopt : index);
    }
    return QWidget::eventFilter(watched, event);
}

void AnswerColumn::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    if (event->size().width() != event->oldSize().width())
        showFoot();
}

void AnswerColumn::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        render();
    QWidget::changeEvent(event);
}

} // namespace fettle::ui
