#include "ui/data/lenslegend.h"

#include "ui/data/recordwords.h"
#include "ui/data/tilepainter.h"
#include "ui/theme/tokens.h"

#include <QEvent>
#include <QFontMetrics>
#include <QLocale>
#include <QPainter>

namespace fettle::ui {

namespace {
constexpr int kSwatchWidth = 24, kSwatchHeight = 14, kGap = 5, kBetween = 12;
}

LensLegend::LensLegend(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
}

void LensLegend::setTiles(std::shared_ptr<const TokenTiles> tiles)
{
    m_tiles = std::move(tiles);
    m_showsLosses = false;
    QStringList spoken;
    for (const Entry &entry : entries())
        spoken.append(QStringLiteral("%1 %2").arg(fateName(entry.fate), countText(entry.count)));
    setAccessibleName(tr("Tokens: %1").arg(spoken.join(QStringLiteral(", "))));
    setToolTip(m_tiles ? tr("Trained tokens are learnt. The model reads context and special tokens without learning to write them. "
                            "What is cut off is never seen.")
                       : QString());
    update();
}

void LensLegend::setLosses(const QString &of, std::optional<double> mean)
{
    setWaiting(mean ? tr("%1: %2 on average").arg(of, QLocale().toString(*mean, 'f', 2)) : of);
}

void LensLegend::setWaiting(const QString &text)
{
    m_showsLosses = true;
    m_of = text;
    setAccessibleName(tr("Loss of each token, from 0 to more than 3. %1").arg(text));
    setToolTip(tr("How surprised the model is by each token, in nats: white up to 0.5, then up to 1, 2 and 3, darkest above. The line below marks what is learnt."));
    update();
}

std::vector<LensLegend::Entry> LensLegend::entries() const
{
    if (!m_tiles)
        return {};
    std::vector<Entry> found{{TokenFate::Trained, m_tiles->trained}};
    for (const Entry &entry : {Entry{TokenFate::Context, m_tiles->context}, Entry{TokenFate::Special, m_tiles->special},
                               Entry{TokenFate::CutOff, m_tiles->cut}})
        if (entry.count > 0)
            found.push_back(entry);
    return found;
}

QSize LensLegend::sizeHint() const
{
    return {240, qRound(20 * textScale())};
}

QSize LensLegend::minimumSizeHint() const
{
    return {80, sizeHint().height()};
}

void LensLegend::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    if (m_showsLosses) {
        paintLosses(painter);
        return;
    }
    const QFont plain = textFont(TextSize::Small), bold = textFont(TextSize::Small, Weight::SemiBold);
    const QFont swatchFont = monoFont(TextSize::Small);
    int x = 0;
    for (const Entry &entry : entries()) {
        const bool isSpecial = entry.fate == TokenFate::Special;
        const QRect swatch(x, (height() - kSwatchHeight) / 2, kSwatchWidth, kSwatchHeight);
        paintTileGround(painter, swatch, entry.fate, isSpecial);
        painter.setFont(swatchFont);
        painter.setPen(tileTextColour(entry.fate, isSpecial));
        painter.drawText(swatch, Qt::AlignCenter, isSpecial ? QStringLiteral("<|") : tr("Aa"));
        paintTileStrike(painter, swatch, entry.fate);
        x += kSwatchWidth + kGap;
        const auto write = [&](const QFont &font, const QColor &colour, const QString &text) {
            painter.setFont(font);
            painter.setPen(colour);
            const int width = QFontMetrics(font).horizontalAdvance(text);
            painter.drawText(QRect(x, 0, width + 2, height()), Qt::AlignVCenter | Qt::AlignLeft, text);
            x += width;
        };
        write(plain, tokens().text, fateName(entry.fate));
        x += 4;
        write(bold, tokens().text, countText(entry.count));
        x += kBetween;
    }
}

void LensLegend::paintLosses(QPainter &painter) const
{
    const QString ends[] = {tr("0.5"), tr("1"), tr("2"), tr("3"), tr("more")};
    painter.setFont(textFont(TextSize::Small));
    int x = 0;
    const auto write = [&](const QColor &colour, const QString &text) {
        painter.setPen(colour);
        const int width = painter.fontMetrics().horizontalAdvance(text);
        painter.drawText(QRect(x, 0, width + 2, height()), Qt::AlignVCenter | Qt::AlignLeft, text);
        x += width + kGap;
    };
    for (int step = 0; step < int(std::size(ends)); ++step) {
        const QRect swatch(x, (height() - kSwatchHeight) / 2, kSwatchHeight, kSwatchHeight);
        painter.fillRect(swatch, tokens().lossSteps[std::size_t(step)]);
        painter.setPen(tokens().border);
        painter.drawRect(swatch.adjusted(0, 0, -1, -1));
        x += kSwatchHeight + kGap;
        write(tokens().text, ends[step]);
    }
    x += kBetween - kGap;
    painter.setPen(tokens().muted);
    painter.drawText(QRect(x, 0, width() - x, height()), Qt::AlignVCenter | Qt::AlignLeft, painter.fontMetrics().elidedText(m_of, Qt::ElideRight, width() - x));
}

void LensLegend::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange)
        updateGeometry();
    update();
}

} // namespace fettle::ui
