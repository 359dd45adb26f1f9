#include "ui/data/tilelayout.h"

#include "ui/theme/tokens.h"

#include <QFontMetricsF>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

namespace {
constexpr int kGap = 1;
constexpr int kTileInset = 3;    // above and below the tile in its line
constexpr int kSpecialPadding = 4;

// Letters whose shape does not depend on their neighbours; everything else goes through Qt's shaper.
bool isSimple(QStringView text)
{
    return std::all_of(text.begin(), text.end(), [](QChar c) {
        const ushort unit = c.unicode();
        return (unit >= 0x20 && unit < 0x300) || (unit >= 0x370 && unit < 0x483) || (unit >= 0x2010 && unit < 0x2028)
            || (unit >= 0x2030 && unit < 0x2060) || (unit >= 0x2190 && unit < 0x2600);
    });
}
} // namespace

TileLayout::TileLayout() : m_bodyMetrics(monoFont(TextSize::Body)), m_smallMetrics(monoFont(TextSize::Small))
{
    const QFont body = monoFont(TextSize::Body);
    const QFont small = monoFont(TextSize::Small);
    m_body = QRawFont::fromFont(body);
    m_small = QRawFont::fromFont(small);
    m_bodyAdvance = m_bodyMetrics.horizontalAdvance(QLatin1Char('0'));
    m_smallAdvance = m_smallMetrics.horizontalAdvance(QLatin1Char('0'));
    m_lineHeight = qRound(24 * textScale());
    m_bodyBaseline = qRound((m_lineHeight - m_bodyMetrics.height()) / 2 + m_bodyMetrics.ascent());
    m_smallBaseline = qRound((m_lineHeight - m_smallMetrics.height()) / 2 + m_smallMetrics.ascent());
}

void TileLayout::arrange(std::shared_ptr<const TokenTiles> tiles, int width)
{
    m_tiles = std::move(tiles);
    m_pieces.clear();
    if (m_shapedWidths.size() > 20000)
        m_shapedWidths.clear();
    m_lineStarts.assign(1, 0);
    m_firstPieces.clear();
    m_x = m_y = m_height = 0;
    if (!m_tiles)
        return;
    const int usable = std::max(width, static_cast<int>(m_bodyAdvance * 8));
    m_pieces.reserve(m_tiles->tiles.size());
    m_firstPieces.reserve(m_tiles->tiles.size());
    for (int number = 0; number < m_tiles->count(); ++number)
        placeTile(number, usable);
    m_height = m_pieces.empty() ? 0 : m_pieces.back().rect.bottom() + 1 + kTileInset;
}

void TileLayout::placeTile(int number, int width)
{
    const TokenTile &tile = m_tiles->tiles[static_cast<std::size_t>(number)];
    const QRawFont &font = tile.isSpecial ? m_small : m_body;
    const double advance = tile.isSpecial ? m_smallAdvance : m_bodyAdvance;
    const int padding = tile.isSpecial ? kSpecialPadding : 0;
    m_firstPieces.push_back(static_cast<int>(m_pieces.size()));

    // An empty token still is one: it gets a sliver, so that counting tiles gives the count.
    const QString text = tile.text.isEmpty() ? QStringLiteral(" ") : tile.text;
    QList<quint32> glyphs = isSimple(text) ? font.glyphIndexesForString(text) : QList<quint32>();
    if (glyphs.size() != text.size() || glyphs.contains(0u))
        glyphs.clear();

    const auto place = [&](std::vector<quint32> run, const QString &shaped, int pieceWidth) {
        if (m_x > 0 && m_x + pieceWidth > width)
            breakLine();
        TilePiece piece;
        piece.tile = number;
        piece.rect = QRect(m_x, m_y + kTileInset, pieceWidth, m_lineHeight - 2 * kTileInset);
        piece.textOrigin = QPoint(m_x + padding, m_y + (tile.isSpecial ? m_smallBaseline : m_bodyBaseline));
        piece.glyphs = std::move(run);
        piece.text = shaped;
        m_pieces.push_back(std::move(piece));
        m_x += pieceWidth + kGap;
    };

    if (glyphs.isEmpty()) {
        place({}, text, std::min(shapedWidth(text, tile.isSpecial) + 2 * padding, width));
    } else {
        const int fitting = std::max(1, static_cast<int>((width - 2 * padding) / advance));
        for (qsizetype begin = 0; begin < glyphs.size(); begin += fitting) {
            const auto count = std::min<qsizetype>(fitting, glyphs.size() - begin);
            std::vector<quint32> run(glyphs.begin() + begin, glyphs.begin() + begin + count);
            place(std::move(run), {}, qRound(static_cast<double>(count) * advance) + 2 * padding);
        }
    }
    if (tile.endsLine)
        breakLine();
}

int TileLayout::shapedWidth(const QString &text, bool isSmall)
{
    const QString key = isSmall ? QChar(u'\x1') + text : text;
    const auto known = m_shapedWidths.constFind(key);
    if (known != m_shapedWidths.constEnd())
        return *known;
    const int width = static_cast<int>(std::ceil((isSmall ? m_smallMetrics : m_bodyMetrics).horizontalAdvance(text)));
    m_shapedWidths.insert(key, width);
    return width;
}

void TileLayout::breakLine()
{
    m_x = 0;
    m_y += m_lineHeight;
    m_lineStarts.push_back(static_cast<int>(m_pieces.size()));
}

std::pair<int, int> TileLayout::piecesBetween(int top, int bottom) const
{
    if (m_pieces.empty())
        return {0, 0};
    const auto lines = static_cast<int>(m_lineStarts.size());
    const int first = std::clamp(top / m_lineHeight, 0, lines - 1);
    const int last = std::clamp(bottom / m_lineHeight + 1, 0, lines);
    const int end = last < lines ? m_lineStarts[static_cast<std::size_t>(last)] : static_cast<int>(m_pieces.size());
    return {m_lineStarts[static_cast<std::size_t>(first)], std::max(end, m_lineStarts[static_cast<std::size_t>(first)])};
}

int TileLayout::tileAt(QPoint position) const
{
    const auto [first, end] = piecesBetween(position.y(), position.y());
    for (int index = first; index < end; ++index) {
        const TilePiece &piece = m_pieces[static_cast<std::size_t>(index)];
        if (piece.rect.adjusted(0, -kTileInset, kGap, kTileInset).contains(position))
            return piece.tile;
    }
    return -1;
}

QRect TileLayout::rectOf(int tile) const
{
    if (tile < 0 || tile >= static_cast<int>(m_firstPieces.size()))
        return {};
    return m_pieces[static_cast<std::size_t>(m_firstPieces[static_cast<std::size_t>(tile)])].rect;
}

} // namespace fettle::ui
