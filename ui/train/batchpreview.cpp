#include "ui/train/batchpreview.h"

#include "ui/theme/tokens.h"
#include "ui/widgets/words.h"

#include <QPainter>

#include <algorithm>

namespace fettle::ui {

namespace {
constexpr int kBar = 18, kGap = 8;
constexpr int kMostRows = 8;
}

BatchPreview::BatchPreview(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("First step"));
}

void BatchPreview::setPlan(const engine::TrainPlan &plan)
{
    m_batch = plan.firstBatch;
    m_capacity = std::max<qint64>(1, plan.rowCapacity);
    m_filled = m_trained = 0;
    m_records = 0;
    for (const auto &row : m_batch)
        for (const auto &document : row) {
            ++m_records;
            m_filled += static_cast<qint64>(document.trained.size());
            m_trained += std::count(document.trained.begin(), document.trained.end(), 1);
        }
    setAccessibleDescription(tr("%1 records in %2 rows, %3 tokens, %4 of them trained.")
                                 .arg(countText(m_records), countText(rows()), countText(m_filled), countText(m_trained)));
    setToolTip(tr("Each tile is a record, side by side in the rows that are computed together. No record sees its neighbour."));
    updateGeometry();
    update();
}

QSize BatchPreview::sizeHint() const
{
    const int rows = std::clamp(static_cast<int>(m_batch.size()), 1, kMostRows);
    return {320, rows * kBar + (rows - 1) * kGap};
}

void BatchPreview::paintEvent(QPaintEvent *)
{
    const Tokens &token = tokens();
    QPainter painter(this);
    const qreal scale = static_cast<qreal>(width()) / static_cast<qreal>(m_capacity);
    for (std::size_t r = 0; r < std::min<std::size_t>(m_batch.size(), kMostRows); ++r) {
        const int top = static_cast<int>(r) * (kBar + kGap);
        painter.setPen(QPen(token.border, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(QRect(0, top, width() - 1, kBar - 1));
        qreal x = 0;
        for (const auto &document : m_batch[r]) {
            const qreal length = static_cast<qreal>(document.trained.size()) * scale;
            // Runs of equal marks become one rectangle; a white gap of 1 px parts the records.
            std::size_t begin = 0;
            while (begin < document.trained.size()) {
                std::size_t end = begin;
                while (end < document.trained.size() && document.trained[end] == document.trained[begin])
                    ++end;
                const QRectF part(x + static_cast<qreal>(begin) * scale, top + 1, static_cast<qreal>(end - begin) * scale, kBar - 2);
                painter.fillRect(part, document.trained[begin] ? token.trainedFill : token.surface2);
                if (document.trained[begin])
                    painter.fillRect(QRectF(part.left(), part.bottom() - 2, part.width(), 2), token.trainedLine);
                begin = end;
            }
            x += length;
            painter.fillRect(QRectF(x - 1, top + 1, 1, kBar - 2), token.surface1);
        }
    }
}

} // namespace fettle::ui
