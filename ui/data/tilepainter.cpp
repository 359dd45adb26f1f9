#include "ui/data/tilepainter.h"

#include "ui/theme/tokens.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <QGlyphRun>
#include <QPainter>

namespace fettle::ui {

namespace {

constexpr int kLine = 2; // below trained tokens

// Glyphs of one colour and size, collected over many tiles: one call for each instead of one for each tile.
struct Batch {
    QList<quint32> glyphs;
    QList<QPointF> positions;
};

void paintBatch(QPainter &painter, const Batch &batch, const QRawFont &font, const QColor &colour)
{
    if (batch.glyphs.isEmpty())
        return;
    QGlyphRun run;
    run.setRawFont(font);
    run.setGlyphIndexes(batch.glyphs);
    run.setPositions(batch.positions);
    painter.setPen(colour);
    painter.drawGlyphRun(QPointF(0, 0), run);
}

void paintBox(QPainter &painter, const QRect &rect, const QColor &colour, Qt::PenStyle style)
{
    painter.setPen(QPen(colour, 1, style));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
}

} // namespace

void paintTileGround(QPainter &painter, const QRect &rect, TokenFate fate, bool isSpecial)
{
    const Tokens &t = tokens();
    switch (fate) {
    case TokenFate::Trained:
        painter.fillRect(rect, t.trainedFill);
        painter.fillRect(QRect(rect.left(), rect.bottom() - kLine + 1, rect.width(), kLine), t.trainedLine);
        if (isSpecial)
            paintBox(painter, rect, t.borderStrong, Qt::SolidLine);
        break;
    case TokenFate::Context:
        painter.fillRect(rect, t.contextFill);
        break;
    case TokenFate::Special:
        painter.fillRect(rect, t.specialFill);
        paintBox(painter, rect, t.borderStrong, Qt::SolidLine);
        break;
    case TokenFate::CutOff: {
        painter.fillRect(rect, t.cutFill);
        QColor hatch = t.cutText;
        hatch.setAlphaF(0.28F);
        painter.fillRect(rect, QBrush(hatch, Qt::BDiagPattern));
        painter.setPen(QPen(t.cutText, 1, Qt::DashLine));
        if (isSpecial)
            paintBox(painter, rect, t.cutText, Qt::DashLine);
        else
            painter.drawLine(QPointF(rect.left(), rect.bottom() + 0.5), QPointF(rect.right() + 1, rect.bottom() + 0.5));
        break;
    }
    }
}

int lossStep(float loss)
{
    constexpr float kEnds[] = {0.5F, 1, 2, 3};
    return int(std::ranges::count_if(kEnds, [loss](float end) { return loss > end; }));
}

void paintLossGround(QPainter &painter, const QRect &rect, float loss, TokenFate fate, bool isSpecial)
{
    const Tokens &t = tokens();
    painter.fillRect(rect, t.lossSteps[std::size_t(lossStep(loss))]);
    if (fate == TokenFate::Trained)
        painter.fillRect(QRect(rect.left(), rect.bottom() - kLine + 1, rect.width(), kLine), t.borderStrong);
    if (isSpecial)
        paintBox(painter, rect, t.borderStrong, Qt::SolidLine);
}

void paintTileStrike(QPainter &painter, const QRect &rect, TokenFate fate)
{
    if (fate != TokenFate::CutOff)
        return;
    painter.fillRect(QRect(rect.left(), rect.center().y() + 1, rect.width(), 1), tokens().cutText);
}

QColor tileTextColour(TokenFate fate, bool isSpecial)
{
    const Tokens &t = tokens();
    switch (fate) {
    case TokenFate::Trained: return t.trainedText;
    case TokenFate::CutOff: return t.cutText;
    case TokenFate::Special: return t.specialText;
    case TokenFate::Context: break;
    }
    return isSpecial ? t.specialText : t.contextText;
}

void paintTiles(QPainter &painter, const TileLayout &layout, const TokenTiles &tiles, int first, int end, const std::vector<float> *losses)
{
    std::array<Batch, 2> shaded; // [isSpecial]
    const auto lossOf = [&](int tile) {
        return losses && std::size_t(tile) < losses->size() ? (*losses)[std::size_t(tile)] : std::nanf("");
    };
    std::array<std::array<Batch, 2>, 4> batches; // [fate][isSpecial]
    Batch signs; // line breaks stay muted whatever becomes of them
    const auto breakSign = layout.bodyFont().glyphIndexesForString(QStringLiteral("\u21B5"));
    const quint32 breakGlyph = breakSign.isEmpty() ? 0 : breakSign.first();
    for (int index = first; index < end; ++index) {
        const TilePiece &piece = layout.pieces()[static_cast<std::size_t>(index)];
        const TokenTile &tile = tiles.tiles[static_cast<std::size_t>(piece.tile)];
        const float loss = lossOf(piece.tile);
        const bool isShaded = std::isfinite(loss) && tile.fate != TokenFate::CutOff;
        if (isShaded)
            paintLossGround(painter, piece.rect, loss, tile.fate, tile.isSpecial);
        else
            paintTileGround(painter, piece.rect, tile.fate, tile.isSpecial);
        if (piece.glyphs.empty()) {
            painter.setPen(isShaded ? tokens().text : tileTextColour(tile.fate, tile.isSpecial));
            painter.setFont(monoFont(tile.isSpecial ? TextSize::Small : TextSize::Body));
            painter.drawText(piece.textOrigin, piece.text);
            continue;
        }
        Batch &batch = isShaded ? shaded[tile.isSpecial ? 1 : 0] : batches[static_cast<std::size_t>(tile.fate)][tile.isSpecial ? 1 : 0];
        const double advance = tile.isSpecial ? layout.smallAdvance() : layout.bodyAdvance();
        double x = piece.textOrigin.x();
        for (quint32 glyph : piece.glyphs) {
            Batch &target = glyph == breakGlyph && tile.fate != TokenFate::CutOff ? signs : batch;
            target.glyphs.append(glyph);
            target.positions.append(QPointF(x, piece.textOrigin.y()));
            x += advance;
        }
    }
    for (std::size_t fate = 0; fate < batches.size(); ++fate)
        for (std::size_t special = 0; special < 2; ++special)
            paintBatch(painter, batches[fate][special], special ? layout.smallFont() : layout.bodyFont(),
                       tileTextColour(static_cast<TokenFate>(fate), special == 1));
    for (std::size_t special = 0; special < 2; ++special)
        paintBatch(painter, shaded[special], special ? layout.smallFont() : layout.bodyFont(), tokens().text);
    paintBatch(painter, signs, layout.bodyFont(), tokens().muted);
    for (int index = first; index < end; ++index) {
        const TilePiece &piece = layout.pieces()[static_cast<std::size_t>(index)];
        paintTileStrike(painter, piece.rect, tiles.tiles[static_cast<std::size_t>(piece.tile)].fate);
    }
}

} // namespace fettle::ui
