#include "ui/data/tokenlens.h"

#include "ui/data/recordwords.h"
#include "ui/data/tilepainter.h"
#include "ui/theme/tokens.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {

// Screen readers get the rendered text as the value and the counts as the description.
class LensAccessible : public QAccessibleWidget {
public:
    explicit LensAccessible(TokenLens *lens) : QAccessibleWidget(lens, QAccessible::StaticText) {}
    QString text(QAccessible::Text which) const override
    {
        const auto *lens = static_cast<const TokenLens *>(object());
        if (which == QAccessible::Value)
            return lens->tiles() ? lens->tiles()->text : QString();
        if (which == QAccessible::Description)
            return lens->accessibleText();
        return QAccessibleWidget::text(which);
    }
};

QAccessibleInterface *makeAccessible(const QString &, QObject *object)
{
    auto *lens = qobject_cast<TokenLens *>(object);
    return lens ? new LensAccessible(lens) : nullptr;
}

} // namespace

TokenLens::TokenLens(QWidget *parent) : QAbstractScrollArea(parent), m_above(new QLabel(this))
{
    static const bool isInstalled = [] {
        QAccessible::installFactory(makeAccessible);
        return true;
    }();
    Q_UNUSED(isInstalled)
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Token lens"));
    viewport()->setMouseTracking(true);
    viewport()->setCursor(Qt::IBeamCursor);
    m_above->setFont(textFont(TextSize::Small));
    m_above->setForegroundRole(QPalette::PlaceholderText);
    m_above->setBackgroundRole(QPalette::Base);
    m_above->setAutoFillBackground(true);
    m_above->setAttribute(Qt::WA_TransparentForMouseEvents);
    m_above->hide();
}

void TokenLens::setTiles(std::shared_ptr<const TokenTiles> tiles, Scroll scroll)
{
    m_tiles = std::move(tiles);
    m_losses.clear();
    if (!m_tiles || m_current >= m_tiles->count())
        m_current = -1;
    if (scroll == Scroll::ToTrained)
        m_current = -1;
    arrange();
    if (scroll == Scroll::ToTrained)
        scrollToTrained();
    updateAboveLabel();
    viewport()->update();
    QAccessibleEvent event(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&event);
}

void TokenLens::setLosses(std::vector<float> losses)
{
    m_losses = std::move(losses);
    viewport()->update();
    QAccessibleEvent event(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&event);
}

void TokenLens::setPlaceholder(const QString &text)
{
    if (text == m_placeholder)
        return;
    m_placeholder = text;
    viewport()->update();
}

QRect TokenLens::tokenRect(int token) const
{
    const QRect rect = m_layout.rectOf(token);
    return rect.isNull() ? rect : rect.translated(contentOffset());
}

QString TokenLens::accessibleText() const
{
    if (!m_tiles)
        return m_placeholder;
    QString text = tr("%1 trained, %2 context, %3 special, %4 cut off.")
                       .arg(countText(m_tiles->trained), countText(m_tiles->context), countText(m_tiles->special), countText(m_tiles->cut));
    if (m_current >= 0)
        text += QLatin1Char(' ') + tokenSentence(m_current);
    return text;
}

QPoint TokenLens::contentOffset() const
{
    return {measure::kPaneSide, measure::kPaneTop - verticalScrollBar()->value()};
}

void TokenLens::arrange()
{
    m_layout.arrange(m_tiles, viewport()->width() - 2 * measure::kPaneSide);
    const int content = m_layout.height() + 2 * measure::kPaneTop;
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(m_layout.lineHeight());
    verticalScrollBar()->setRange(0, std::max(0, content - viewport()->height()));
}

void TokenLens::scrollToTrained()
{
    m_isPlacing = true;
    verticalScrollBar()->setValue(placeOfTrained());
    m_isPlacing = false;
    m_isAtTrained = true;
}

int TokenLens::placeOfTrained() const
{
    if (!m_tiles || verticalScrollBar()->maximum() == 0)
        return 0;
    const auto first = std::find_if(m_tiles->tiles.begin(), m_tiles->tiles.end(),
                                    [](const TokenTile &tile) { return tile.fate == TokenFate::Trained; });
    if (first == m_tiles->tiles.end())
        return 0;
    // The line before it stays visible: it says whose turn it is.
    const QRect rect = m_layout.rectOf(static_cast<int>(first - m_tiles->tiles.begin()));
    const int lineTop = rect.top() / m_layout.lineHeight() * m_layout.lineHeight();
    return std::max(0, lineTop + measure::kPaneTop - 2 * m_layout.lineHeight());
}

// The label ends where a line begins, so that no line is cut.
void TokenLens::updateAboveLabel()
{
    const int first = measure::kPaneTop - verticalScrollBar()->value(); // top of the first line
    const int lineHeight = m_layout.lineHeight();
    int above = 0, edge = 0;
    if (m_tiles && first < 0) {
        const int atLeast = m_above->fontMetrics().height();
        const int lines = (atLeast - first + lineHeight - 1) / lineHeight;
        edge = first + lines * lineHeight;
        const int end = m_layout.piecesBetween(0, lines * lineHeight - 1).second;
        above = end > 0 ? m_layout.pieces()[static_cast<std::size_t>(end - 1)].tile + 1 : 0;
    }
    m_above->setVisible(above > 0);
    if (above == 0)
        return;
    m_above->setText(above == 1 ? tr("1 token above") : tr("%1 tokens above").arg(countText(above)));
    m_above->setContentsMargins(measure::kPaneSide, 0, 0, 0);
    m_above->setGeometry(viewport()->x(), viewport()->y(), viewport()->width(), edge);
}

void TokenLens::paintEvent(QPaintEvent *event)
{
    QPainter painter(viewport());
    painter.fillRect(event->rect(), tokens().surface1);
    if (!m_tiles || m_tiles->count() == 0) {
        painter.setPen(tokens().muted);
        painter.setFont(textFont());
        painter.drawText(viewport()->rect().adjusted(measure::kPaneSide, measure::kPaneTop, -measure::kPaneSide, 0),
                         Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, m_placeholder);
        return;
    }
    const QPoint offset = contentOffset();
    painter.translate(offset);
    const auto [first, end] = m_layout.piecesBetween(event->rect().top() - offset.y(), event->rect().bottom() - offset.y());
    paintTiles(painter, m_layout, *m_tiles, first, end, m_losses.empty() ? nullptr : &m_losses);
    const QRect current = m_layout.rectOf(m_current);
    if (!current.isNull()) {
        painter.setPen(QPen(tokens().focusRing, hasFocus() ? 2 : 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(current.adjusted(0, 0, 0, 1));
    }
}

void TokenLens::resizeEvent(QResizeEvent *event)
{
    QAbstractScrollArea::resizeEvent(event);
    const bool shouldPlace = m_isAtTrained; // the range changes below, which scrolls
    m_isPlacing = true;
    arrange();
    m_isPlacing = false;
    if (shouldPlace)
        scrollToTrained();
    updateAboveLabel();
}

void TokenLens::changeEvent(QEvent *event)
{
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange) {
        m_layout = TileLayout(); // fonts may have another size now
        arrange();
    }
    viewport()->update();
}

void TokenLens::scrollContentsBy(int, int)
{
    if (!m_isPlacing)
        m_isAtTrained = false;
    updateAboveLabel();
    viewport()->update();
}

void TokenLens::mousePressEvent(QMouseEvent *event)
{
    const int token = m_layout.tileAt(event->position().toPoint() - contentOffset());
    if (event->button() != Qt::LeftButton || token < 0)
        return;
    setCurrent(token);
    emit tokenActivated(token);
}

void TokenLens::mouseReleaseEvent(QMouseEvent *event)
{
    event->accept(); // belongs to the press
}

void TokenLens::keyPressEvent(QKeyEvent *event)
{
    if (!m_tiles || m_tiles->count() == 0) {
        QAbstractScrollArea::keyPressEvent(event);
        return;
    }
    const int last = m_tiles->count() - 1;
    switch (event->key()) {
    case Qt::Key_Left: setCurrent(std::max(0, m_current - 1)); break;
    case Qt::Key_Right: setCurrent(std::min(last, m_current + 1)); break;
    case Qt::Key_Home: setCurrent(0); break;
    case Qt::Key_End: setCurrent(last); break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_current >= 0)
            emit tokenActivated(m_current);
        break;
    default: QAbstractScrollArea::keyPressEvent(event); return;
    }
    event->accept();
}

void TokenLens::setCurrent(int token)
{
    m_current = token;
    const QRect rect = m_layout.rectOf(token);
    if (!rect.isNull()) {
        QScrollBar *bar = verticalScrollBar();
        const int above = 2 * m_layout.lineHeight() - measure::kPaneTop; // the label of what is above ends there at the latest
        if (rect.top() < bar->value() + above)
            bar->setValue(rect.top() - above);
        else if (rect.bottom() + 2 * measure::kPaneTop > bar->value() + viewport()->height())
            bar->setValue(rect.bottom() + 2 * measure::kPaneTop - viewport()->height());
    }
    viewport()->update();
    QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&changed);
}

void TokenLens::focusInEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusInEvent(event);
    viewport()->update();
}

void TokenLens::focusOutEvent(QFocusEvent *event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

bool TokenLens::viewportEvent(QEvent *event)
{
    if (event->type() != QEvent::ToolTip)
        return QAbstractScrollArea::viewportEvent(event);
    const auto *help = static_cast<QHelpEvent *>(event);
    const int token = m_layout.tileAt(help->pos() - contentOffset());
    if (token < 0)
        QToolTip::hideText();
    else
        QToolTip::showText(help->globalPos(), tokenSentence(token), viewport());
    return true;
}

QString TokenLens::tokenSentence(int token) const
{
    const TokenTile &tile = m_tiles->tiles[static_cast<std::size_t>(token)];
    const float loss = std::size_t(token) < m_losses.size() ? m_losses[std::size_t(token)] : std::nanf("");
    if (std::isfinite(loss))
        return tr("Token %1 of %2: “%3”, loss %4: the model gave it %5 %, id %6")
            .arg(countText(token + 1), countText(m_tiles->count()), tile.text, QLocale().toString(double(loss), 'f', 2), QLocale().toString(100 * std::exp(-double(loss)), 'g', 3),
                 QString::number(tile.id));
    return tr("Token %1 of %2: “%3”, %4, id %5")
        .arg(countText(token + 1), countText(m_tiles->count()), tile.text, fateName(tile.fate).toLower(), QString::number(tile.id));
}

} // namespace fettle::ui
