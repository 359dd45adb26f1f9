#include "ui/train/methoddrawing.h"

#include "ui/theme/tokens.h"

#include <QHash>
#include <QPainter>
#include <QPainterPath>
#include <QRegularExpression>

#include <algorithm>

namespace fettle::ui {

namespace {

const QStringList kMlp = {QStringLiteral("gate"), QStringLiteral("up"), QStringLiteral("down")};
const QStringList kAttention = {QStringLiteral("q"), QStringLiteral("k"), QStringLiteral("v"), QStringLiteral("o")};

// Names of families that keep several maps as one, or call them otherwise: Phi-3, GPT-2, GPT-NeoX.
const QHash<QString, QSet<QString>> kOtherNames = {
    {QStringLiteral("qkv_proj"), {QStringLiteral("q"), QStringLiteral("k"), QStringLiteral("v")}},
    {QStringLiteral("c_attn"), {QStringLiteral("q"), QStringLiteral("k"), QStringLiteral("v")}},
    {QStringLiteral("query_key_value"), {QStringLiteral("q"), QStringLiteral("k"), QStringLiteral("v")}},
    {QStringLiteral("dense"), {QStringLiteral("o")}},
    {QStringLiteral("gate_up_proj"), {QStringLiteral("gate"), QStringLiteral("up")}},
    {QStringLiteral("c_fc"), {QStringLiteral("up")}},
    {QStringLiteral("c_proj"), {QStringLiteral("o"), QStringLiteral("down")}}, // two maps have this name
    {QStringLiteral("attn.c_proj"), {QStringLiteral("o")}},
    {QStringLiteral("mlp.c_proj"), {QStringLiteral("down")}},
    {QStringLiteral("dense_h_to_4h"), {QStringLiteral("up")}},
    {QStringLiteral("dense_4h_to_h"), {QStringLiteral("down")}},
};

constexpr qreal kStreamX = 20, kBoxLeft = 42, kBoxRight = 208, kBesideX = 213;

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
        else if (const auto others = kOtherNames.value(target, kOtherNames.value(target.section(QLatin1Char('.'), -1))); !others.isEmpty())
            maps += others;
        else if (target.endsWith(QLatin1String("_proj")))
            maps.insert(target.section(QLatin1Char('.'), -1).chopped(5));
    }
    return maps;
}

namespace {

// The maps of a recipe's regular expression: those whose full name it matches in some layer.
QSet<QString> mapsOfExpression(const QString &expression, int blocks)
{
    const QRegularExpression pattern(QRegularExpression::anchoredPattern(expression));
    QSet<QString> maps;
    for (int layer = 0; layer < std::max(blocks, 1); ++layer) {
        for (const QString &map : kAttention + kMlp) {
            const QString part = kMlp.contains(map) ? QStringLiteral("mlp") : QStringLiteral("self_attn");
            if (pattern.match(QStringLiteral("model.layers.%1.%2.%3_proj").arg(layer).arg(part, map)).hasMatch())
                maps.insert(map);
        }
    }
    return maps;
}

MethodDrawing::Lit litBy(const train::Recipe &recipe, int blocks)
{
    const auto text = [&](const char *key) { return QString::fromStdString(recipe.text(key)); };
    MethodDrawing::Lit lit;
    if (recipe.method == "lora") {
        const QString expression = text("targetExpression");
        lit.pairs = expression.isEmpty() ? mapsOfTargets(text("targets")) : mapsOfExpression(expression, blocks);
    } else if (recipe.method == "full") {
        const QString parts = text("parts");
        lit.whole = mapsOfTargets(parts);
        const bool isAll = parts.trimmed() == QLatin1String("all");
        lit.norms = isAll || parts.contains(QLatin1String("norms"));
        // A choice of layers leaves out what belongs to no layer, unless it is named.
        const bool isEveryLayer = text("layers").trimmed() == QLatin1String("all");
        lit.embeddings = (isAll && isEveryLayer) || parts.contains(QLatin1String("embeddings"));
        lit.head = (isAll && isEveryLayer) || parts.contains(QLatin1String("head"));
    } else if (recipe.method == "bottleneck") {
        const QString kind = text("kind");
        lit.besideMlp = kind == QLatin1String("parallel");
        lit.behindMlp = !lit.besideMlp;
        lit.behindAttention = kind == QLatin1String("double");
    } else if (recipe.method == "ia3") {
        const QSet<QString> inputs = mapsOfTargets(text("inputScaled"));
        for (const QString &map : mapsOfTargets(text("scaledModules")))
            (inputs.contains(map) ? lit.inputs : lit.outputs).insert(map);
    }
    lit.prefix = recipe.method == "prefix";
    lit.prompt = recipe.method == "prompt";
    return lit;
}

// A small network: wide, narrow, wide.
void paintBowTie(QPainter &painter, const QPointF &middle, const QColor &light)
{
    painter.setPen(Qt::NoPen);
    painter.setBrush(light);
    for (const qreal side : {-1.0, 1.0})
        painter.drawPolygon(QPolygonF{middle + QPointF(side * 14, -8), middle + QPointF(side * 14, 8), middle + QPointF(side * 1, 2), middle + QPointF(side * 1, -2)});
}

} // namespace

MethodDrawing::MethodDrawing(QWidget *parent) : QWidget(parent)
{
    setFixedSize(sizeHint());
    describe();
}

void MethodDrawing::setRecipe(const train::Recipe &recipe)
{
    m_recipe = recipe;
    m_lit = litBy(recipe, m_blocks);
    describe();
    update();
}

void MethodDrawing::setBlocks(int blocks)
{
    m_blocks = blocks;
    setRecipe(m_recipe);
}

void MethodDrawing::describe()
{
    const auto names = [](const QSet<QString> &maps) {
        QStringList ordered;
        for (const QString &map : kAttention + kMlp)
            if (maps.contains(map))
                ordered << map;
        return ordered.join(QStringLiteral(", "));
    };
    QStringList parts;
    if (!m_lit.pairs.isEmpty())
        parts << tr("two narrow matrices beside %1").arg(names(m_lit.pairs));
    if (!m_lit.whole.isEmpty())
        parts << tr("the maps %1 themselves").arg(names(m_lit.whole));
    if (m_lit.norms)
        parts << tr("the norms");
    if (m_lit.embeddings)
        parts << tr("the table of words");
    if (m_lit.head)
        parts << tr("the output");
    if (!m_lit.outputs.isEmpty())
        parts << tr("a factor behind each row of %1").arg(names(m_lit.outputs));
    if (!m_lit.inputs.isEmpty())
        parts << tr("a factor in front of each column of %1").arg(names(m_lit.inputs));
    if (m_lit.behindAttention)
        parts << tr("a small network behind attention");
    if (m_lit.behindMlp)
        parts << tr("a small network behind the MLP");
    if (m_lit.besideMlp)
        parts << tr("a small network beside the MLP");
    if (m_lit.prefix)
        parts << tr("%n place(s) in front of the keys and values of every text", nullptr, static_cast<int>(m_recipe.integer("virtualTokens")));
    if (m_lit.prompt)
        parts << tr("%n virtual word(s) in front of every text", nullptr, static_cast<int>(m_recipe.integer("virtualTokens")));
    setAccessibleName(tr("Drawing of a transformer block"));
    setAccessibleDescription(parts.isEmpty() ? tr("Nothing is trained.") : tr("Trained: %1.").arg(parts.join(QStringLiteral("; "))));
    setToolTip(accessibleDescription());
}

void MethodDrawing::paintBox(QPainter &painter, const QRectF &box, const QString &title, const QStringList &maps)
{
    const Tokens &token = tokens();
    const QColor light = isEnabled() ? token.accent : token.disabled; // of what cannot be trained: dimmed
    painter.setPen(QPen(token.borderStrong, 1.5));
    painter.setBrush(token.surface1);
    painter.drawRoundedRect(box, 5, 5);
    painter.setFont(textFont(TextSize::Small));
    painter.setPen(token.muted);
    painter.drawText(box.adjusted(8, 4, -8, 0), Qt::AlignLeft | Qt::AlignTop, title);
    const qreal gap = 6, left = box.left() + 8, width = (box.width() - 16 - gap * static_cast<qreal>(maps.size() - 1)) / static_cast<qreal>(maps.size());
    for (qsizetype i = 0; i < maps.size(); ++i) {
        const QRectF cell(left + static_cast<qreal>(i) * (width + gap), box.bottom() - 28, width, 20);
        const bool hasPair = m_lit.pairs.contains(maps[i]), isWhole = m_lit.whole.contains(maps[i]);
        const bool hasOutput = m_lit.outputs.contains(maps[i]), hasInput = m_lit.inputs.contains(maps[i]);
        // The frozen map, and beside it what learns: A and B, or a factor.
        const QRectF map = cell.adjusted(hasInput ? 6 : 0, 0, hasPair ? -10 : hasOutput ? -6 : 0, 0);
        painter.setPen(Qt::NoPen);
        painter.setBrush(isWhole ? light : token.surface2);
        painter.drawRoundedRect(map, 2, 2);
        painter.setPen(isWhole ? token.onAccent : token.muted);
        painter.drawText(map, Qt::AlignCenter, maps[i]);
        painter.setPen(Qt::NoPen);
        painter.setBrush(light);
        if (hasPair) {
            painter.drawRect(QRectF(map.right() + 2, cell.top(), 3, cell.height()));
            painter.drawRect(QRectF(map.right() + 7, cell.top(), 3, cell.height()));
        }
        if (hasOutput)
            painter.drawRect(QRectF(map.right() + 2, cell.top(), 3, cell.height()));
        if (hasInput)
            painter.drawRect(QRectF(map.left() - 5, cell.top(), 3, cell.height()));
        if (m_lit.prefix && (maps[i] == QLatin1String("k") || maps[i] == QLatin1String("v")))
            for (int place = 0; place < 4; ++place)
                painter.drawRect(QRectF(cell.left() + place * (cell.width() + 2) / 4, cell.bottom() + 2, cell.width() / 4 - 2, 4));
    }
}

void MethodDrawing::paintEvent(QPaintEvent *)
{
    const Tokens &token = tokens();
    const QColor light = isEnabled() ? token.accent : token.disabled; // of what cannot be trained: dimmed
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
        if (m_lit.norms) { // stands in front of each branch
            painter.setPen(Qt::NoPen);
            painter.setBrush(light);
            painter.drawRect(QRectF(middle - 24, box.bottom() + 5, 12, 6));
        }
    };
    if (m_lit.besideMlp) { // a branch of its own, joined with that of the MLP
        painter.drawPolyline(QPolygonF{QPointF(kStreamX, 90), QPointF(kBesideX, 90), QPointF(kBesideX, 24), QPointF(kStreamX, 24)});
    }
    branch(34, tr("MLP"), kMlp);
    branch(112, tr("Attention"), kAttention);
    if (m_lit.besideMlp)
        paintBowTie(painter, QPointF(kBesideX - 20, 90), light);
    if (m_lit.behindMlp)
        paintBowTie(painter, QPointF(kStreamX + 50, 24), light);
    if (m_lit.behindAttention)
        paintBowTie(painter, QPointF(kStreamX + 50, 102), light);
    painter.setPen(Qt::NoPen);
    painter.setBrush(light);
    if (m_lit.embeddings)
        painter.drawRect(QRectF(kStreamX - 8, 185, 16, 6));
    if (m_lit.head)
        painter.drawRect(QRectF(kStreamX - 8, 0, 16, 4));
    if (m_lit.prompt) // words in front of the text that enters the block
        for (int place = 0; place < 4; ++place)
            painter.drawRect(QRectF(kStreamX + 8 + place * 11, 182, 8, 8));
    if (m_blocks > 0) {
        painter.setFont(textFont(TextSize::Small));
        painter.setPen(token.muted);
        painter.drawText(QRectF(0, 174, kBoxRight, 20), Qt::AlignRight | Qt::AlignVCenter, tr("%n block(s)", nullptr, m_blocks));
    }
}

} // namespace fettle::ui
