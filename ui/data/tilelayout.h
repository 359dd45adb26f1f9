// Where the tiles of the token lens stand for a given width: lines of pieces with ready glyph runs. Pure geometry and fonts; paints nothing.
// A token is never split unless it is wider than a whole line.
#pragma once

#include "ui/data/tokentiles.h"

#include <QFontMetricsF>
#include <QHash>
#include <QRawFont>
#include <QRect>

#include <memory>
#include <vector>

namespace fettle::ui {

// A piece of a token on one line. Most tokens have one.
struct TilePiece {
    int tile = 0;
    QRect rect;                    // of the tile, content coordinates
    QPoint textOrigin;             // left end of the baseline
    std::vector<quint32> glyphs;   // empty: text must be shaped by Qt (complex scripts, missing glyphs)
    QString text;                  // set only where glyphs is empty
};

class TileLayout {
public:
    TileLayout();
    // Lays the tiles into lines of `width` device-independent pixels. O(tokens).
    void arrange(std::shared_ptr<const TokenTiles> tiles, int width);

    [[nodiscard]] const std::vector<TilePiece> &pieces() const { return m_pieces; }
    // The pieces that touch the band from top to bottom: half-open range of indexes into pieces().
    [[nodiscard]] std::pair<int, int> piecesBetween(int top, int bottom) const;
    [[nodiscard]] int tileAt(QPoint position) const; // -1: none
    [[nodiscard]] QRect rectOf(int tile) const;      // of its first piece; null where there is none
    [[nodiscard]] int height() const { return m_height; }
    [[nodiscard]] int lineHeight() const { return m_lineHeight; }

    [[nodiscard]] const QRawFont &bodyFont() const { return m_body; }
    [[nodiscard]] const QRawFont &smallFont() const { return m_small; }
    [[nodiscard]] double bodyAdvance() const { return m_bodyAdvance; }
    [[nodiscard]] double smallAdvance() const { return m_smallAdvance; }

private:
    void placeTile(int number, int width);
    [[nodiscard]] int shapedWidth(const QString &text, bool isSmall);
    void breakLine();

    QRawFont m_body, m_small;
    QFontMetricsF m_bodyMetrics, m_smallMetrics;
    QHash<QString, int> m_shapedWidths; // shaping is slow, and words come again
    double m_bodyAdvance = 0, m_smallAdvance = 0;
    int m_bodyBaseline = 0, m_smallBaseline = 0, m_lineHeight = 0;
    std::shared_ptr<const TokenTiles> m_tiles;
    std::vector<TilePiece> m_pieces;
    std::vector<int> m_lineStarts;  // first piece of each line
    std::vector<int> m_firstPieces; // of each tile
    int m_x = 0, m_y = 0, m_height = 0;
};

} // namespace fettle::ui
