#include "ui/train/memorybar.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/words.h"

#include <QPainter>

#include <algorithm>

namespace fettle::ui {

namespace {

constexpr int kMemoryBarHeight = 36, kMarkReach = 4; // the mark stands out above and below

QColor partColor(MemoryPart part)
{
    switch (part) {
    case MemoryPart::Weights: return tokens().memoryWeights;
    case MemoryPart::Optimizer: return tokens().accent;
    case MemoryPart::Gradients: return tokens().trainedLine;
    case MemoryPart::Activations: return tokens().memoryActivations;
    case MemoryPart::Reserve: return tokens().memoryReserve;
    case MemoryPart::Other:
    case MemoryPart::Free: break;
    }
    return tokens().surface1;
}

} // namespace

void paintMemoryPart(QPainter &painter, const QRectF &rect, MemoryPart part)
{
    painter.fillRect(rect, partColor(part));
    if (part == MemoryPart::Other)
        painter.fillRect(rect, QBrush(tokens().borderStrong, Qt::BDiagPattern));
}

MemoryBar::MemoryBar(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("Memory of this computer"));
}

void MemoryBar::setFit(const engine::FitResult &fit)
{
    m_fit = fit;
    setAccessibleName(fit.device == "cpu" ? tr("Memory of this computer") : tr("Memory of the graphics card"));
    setAccessibleDescription(tr("The run takes %1, %2 of %3 are free.").arg(bytesText(fit.bytes.total()), bytesText(fit.available), bytesText(fit.total)));
    setToolTip(accessibleDescription());
    update();
}

QSize MemoryBar::sizeHint() const
{
    return {320, kMemoryBarHeight + 2 * kMarkReach};
}

void MemoryBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const qint64 other = std::max<qint64>(0, m_fit.total - m_fit.available);
    const auto all = static_cast<qreal>(std::max<qint64>({m_fit.total, other + m_fit.bytes.total(), 1}));
    const QRectF frame(0.5, kMarkReach + 0.5, width() - 1.0, kMemoryBarHeight - 1.0);
    const qreal scale = (frame.width() - 2) / all;
    painter.setPen(tokens().border);
    painter.setBrush(tokens().surface1);
    painter.drawRect(frame);
    qreal x = frame.left() + 1;
    const std::pair<MemoryPart, qint64> parts[] = {{MemoryPart::Other, other},
                                                   {MemoryPart::Weights, m_fit.bytes.weights},
                                                   {MemoryPart::Optimizer, m_fit.bytes.optimizer},
                                                   {MemoryPart::Gradients, m_fit.bytes.gradients},
                                                   {MemoryPart::Activations, m_fit.bytes.activations},
                                                   {MemoryPart::Reserve, m_fit.bytes.reserve}};
    for (const auto &[part, bytes] : parts) {
        if (bytes <= 0)
            continue;
        const qreal length = std::max<qreal>(2, static_cast<qreal>(bytes) * scale); // also what is tiny is seen
        paintMemoryPart(painter, QRectF(x, frame.top() + 1, length - 1, frame.height() - 2), part);
        x += length;
    }
    const qreal end = std::min<qreal>(frame.left() + 1 + static_cast<qreal>(m_fit.total) * scale, width() - 2);
    painter.fillRect(QRectF(end, 0, 2, height()), m_fit.fits() ? tokens().borderStrong : tokens().bad);
}

} // namespace fettle::ui
