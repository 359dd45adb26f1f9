#include "ui/train/methoddrawing.h"

#include "ui/theme/tokens.h"

#include <QPainter>
#include <QPainterPath>

namespace fettle::ui {

namespace {

const QStringList kMlp = {QStringLiteral("gate"), QStringLiteral("up"), QStringLiteral("down")};
const QStringList kAttention = {QStringLiteral("q"), QStringLiteral("k"), QStringLiteral("v"), QStringLiteral("o")};

constexpr qreal kStreamX = 20, kBoxLeft = 42, kBoxRight = 208;

} // namespace

QSet<QString> mapsOfTargets(const QString &targets)
{
    QSet<QString> maps;
    for (QString target : targets.split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        target = target.trimmed();
        if (target == QLatin1String("all") || target == QLatin1String("all-linear"))
            maps += QSet<QString>(kMlp.begin(), kMlp.end()) + QSet<QString>(kAttention.begin(), kAttention.end());
        else if (target == QLatin1String("attention"))
            maps += QSet<QString>(kAttention.begin(), kAttention.end());
        else if (target == QLatin1String("mlp"))
            maps += QSet<QString>(kMlp.begin(), kMlp.end());
        else if (target.endsWith(QLatin1String("_proj")))
            maps.insert(target.section(QLatin1Char('.'), -1).chopped(5));
    }
    return maps;
}

MethodDrawing::MethodDrawing(QWidget *parent) : QWidget(parent)
{
    setFixedSize(sizeHint());
    describe();
}

void MethodDrawing::setLit(const QSet<QString> &maps)
{
    m_lit = maps;
    describe();
    update();
}

void MethodDrawing::setBlocks(int blocks)
{
    m_blocks = blocks;
    describe();
    update();
}

void MethodDrawing::describe()
{
    QStringList lit;
    for (const QString &map : kAttention + kMlp)
        if (m_lit.contains(map))
            lit << map;
    setAccessibleName(tr("Drawing of a transformer block"));
    setAccessibleDescription(lit.isEmpty() ? tr("Nothing is trained.") : tr("Trained: two narrow matrices beside %1.").arg(lit.join(QStringLiteral(", "))));
    setToolTip(accessibleDescription());
}

void MethodDrawing::paintBox(QPainter &painter, const QRectF &box, const QString &title, const QStringList &maps)
{
    const Tokens &token = tokens();
    painter.setPen(QPen(token.borderStrong, 1.5));
    painter.setBrush(token.surface1);
    painter.drawRoundedRect(box, 5, 5);
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(token.muted);
    painter.drawText(box.adjusted(8, 4, -8, 0), Qt::AlignLeft | Qt::AlignTop, title);
    const qreal gap = 6, left = box.left() + 8, width = (box.width() - 16 - gap * static_cast<qreal>(maps.size() - 1)) / static_cast<qreal>(maps.size());
    for (qsizetype i = 0; i < maps.size(); ++i) {
        const QRectF cell(left + static_cast<qreal>(i) * (width + gap), box.bottom() - 28, width, 20);
        const bool isLit = m_lit.contains(maps[i]);
        // The frozen map, and beside it A and B, which learn.
        const QRectF map = isLit ? cell.adjusted(0, 0, -10, 0) : cell;
        painter.setPen(Qt::NoPen);
        painter.setBrush(token.surface2);
        painter.drawRoundedRect(map, 2, 2);
        painter.setPen(token.muted);
        painter.drawText(map, Qt::AlignCenter, maps[i]);
        if (!isLit)
            continue;
        painter.setPen(Qt::NoPen);
        painter.setBrush(token.accent);
        painter.drawRect(QRectF(map.right() + 2, cell.top(), 3, cell.height()));
        painter.drawRect(QRectF(map.right() + 7, cell.top(), 3, cell.height()));
    }
}

void MethodDrawing::paintEvent(QPaintEvent *)
{
    const Tokens &token = tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QPen line(token.borderStrong, 1.5);
    painter.setPen(line);
    // The residual stream runs upwards; each branch leaves it below its box and joins it above.
    painter.drawLine(QPointF(kStreamX, 184), QPointF(kStreamX, 6));
    painter.drawPolyline(QPolygonF{QPointF(kStreamX - 4, 10), QPointF(kStreamX, 5), QPointF(kStreamX + 4, 10)});
    const auto branch = [&](qreal top, const QString &title, const QStringList &maps) {
        const QRectF box(kBoxLeft, top, kBoxRight - kBoxLeft, 48);
        const qreal middle = kStreamX + 96;
        painter.setPen(line);
        painter.setBrush(Qt::NoBrush);
        painter.drawPolyline(QPolygonF{QPointF(kStreamX, box.bottom() + 8), QPointF(middle, box.bottom() + 8), QPointF(middle, box.bottom())});
        painter.drawPolyline(QPolygonF{QPointF(middle, box.top()), QPointF(middle, box.top() - 10), QPointF(kStreamX + 6, box.top() - 10)});
        painter.setBrush(token.surface1);
        const QPointF join(kStreamX, box.top() - 10);
        painter.drawEllipse(join, 6, 6);
        painter.drawLine(join - QPointF(3, 0), join + QPointF(3, 0));
        painter.drawLine(join - QPointF(0, 3), join + QPointF(0, 3));
        paintBox(painter, box, title, maps);
    };
    branch(34, tr("MLP"), kMlp);
    branch(112, tr("Attention"), kAttention);
    if (m_blocks > 0) {
        painter.setFont(textFont(TextSize::Small));
        painter.setPen(token.muted);
        painter.drawText(QRectF(0, 174, kBoxRight, 20), Qt::AlignRight | Qt::AlignVCenter, tr("%n block(s)", nullptr, m_blocks));
    }
}

} // namespace fettle::ui
