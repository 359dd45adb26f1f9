// See chartlegend.h.
#include "ui/runs/chartlegend.h"

#include "ui/theme/tokens.h"

#include <QPainter>

namespace fettle::ui {

namespace {

constexpr int kSample = 18, kGap = 6, kBetween = 12;

} // namespace

ChartLegend::ChartLegend(QWidget *parent) : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleName(tr("Lines of the chart: train and held out"));
    setToolTip(tr("Train: loss on the rows it learns from. Held out: loss on rows it never sees; only this one tells whether it understands."));
}

QSize ChartLegend::sizeHint() const
{
    const QFontMetrics metrics(textFont(TextSize::Small));
    return {2 * (kSample + kGap) + kBetween + metrics.horizontalAdvance(tr("Train")) + metrics.horizontalAdvance(tr("Held out")) + 2, 20};
}

void ChartLegend::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(textFont(TextSize::Small));
    const double middle = height() / 2.0;
    int x = 0;
    for (int i = 0; i < 2; ++i) {
        const QString name = i == 0 ? tr("Train") : tr("Held out");
        painter.setPen(QPen(t.series[std::size_t(i)], i == 0 ? 2 : 1.5));
        painter.drawLine(QPointF(x, middle), QPointF(x + kSample, middle));
        if (i == 1) {
            painter.setBrush(t.surface1);
            painter.drawEllipse(QPointF(x + kSample / 2.0, middle), 3.5, 3.5);
        }
        x += kSample + kGap;
        painter.setPen(t.text);
        painter.drawText(QRect(x, 0, width() - x, height()), Qt::AlignLeft | Qt::AlignVCenter, name);
        x += painter.fontMetrics().horizontalAdvance(name) + kBetween;
    }
}

} // namespace fettle::ui
