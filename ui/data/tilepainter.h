// Paints tiles of the token lens. The legend uses the same function, so that a sign there cannot differ from the sign in the text.
// Every fate has a second sign beside its colour. Knows colours from the token table only.
#pragma once

#include "ui/data/tilelayout.h"

class QPainter;

namespace fettle::ui {

// Fill, lines and box of one tile; no text.
void paintTileGround(QPainter &painter, const QRect &rect, TokenFate fate, bool isSpecial);
// The strike-out of a cut token; painted above the text.
void paintTileStrike(QPainter &painter, const QRect &rect, TokenFate fate);
[[nodiscard]] QColor tileTextColour(TokenFate fate, bool isSpecial);

// The same shaded by loss (nats), in five steps: the darker, the more surprised.
void paintLossGround(QPainter &painter, const QRect &rect, float loss, TokenFate fate, bool isSpecial);
[[nodiscard]] int lossStep(float loss); // 0 to 4: up to 0.5, 1, 2, 3, more

// Paints the pieces [first, end) of a layout whose tiles are given. losses: one for each tile, or null; NaN is painted as without.
void paintTiles(QPainter &painter, const TileLayout &layout, const TokenTiles &tiles, int first, int end, const std::vector<float> *losses = nullptr);

} // namespace fettle::ui
