#include "ui/data/tokentiles.h"

#include <QCoreApplication>

#include <algorithm>

namespace fettle::ui {

namespace {

// Index of the first UTF-16 unit of each code point, and one past the end.
std::vector<qsizetype> unitStarts(const QString &text)
{
    std::vector<qsizetype> starts;
    starts.reserve(static_cast<std::size_t>(text.size()) + 1);
    for (qsizetype unit = 0; unit < text.size(); ++unit) {
        starts.push_back(unit);
        if (text.at(unit).isHighSurrogate() && unit + 1 < text.size() && text.at(unit + 1).isLowSurrogate())
            ++unit;
    }
    starts.push_back(text.size());
    return starts;
}

QString shownText(QStringView raw)
{
    QString shown;
    shown.reserve(raw.size());
    for (qsizetype unit = 0; unit < raw.size(); ++unit) {
        const QChar c = raw.at(unit);
        if (c == u'\n')
            shown += u'\u21B5';
        else if (c == u'\r')
            shown += u'\u240D';
        else if (c == u'\t')
            shown += u'\u2192';
        else if (c.unicode() < 0x20)
            shown += QChar(0x2400 + c.unicode()); // control pictures
        else if (c.category() == QChar::Other_Format || c.category() == QChar::Other_Control || c == u'\u2028' || c == u'\u2029')
            // Invisible characters are a favourite of copied text; the expert has to see them.
            shown += QStringLiteral("\u2039%1\u203A").arg(c.unicode(), 4, 16, QLatin1Char('0')).toUpper();
        else
            shown += c;
    }
    return shown;
}

TokenFate fateOf(const data::LabelledTokens &tokens, std::size_t index)
{
    if (static_cast<std::int64_t>(index) >= tokens.kept)
        return TokenFate::CutOff;
    if (tokens.trained[index])
        return TokenFate::Trained;
    return tokens.special[index] ? TokenFate::Special : TokenFate::Context;
}

} // namespace

std::shared_ptr<const TokenTiles> makeTiles(const data::LabelledTokens &tokens)
{
    auto result = std::make_shared<TokenTiles>();
    result->text = QString::fromStdString(tokens.text);
    result->warnings = tokens.warnings;
    const std::vector<qsizetype> starts = unitStarts(result->text);
    const auto last = static_cast<std::int64_t>(starts.size()) - 1;
    result->tiles.reserve(tokens.ids.size());
    TextSpan previous{-1, -1};
    int otherTurn = -1;
    std::int64_t otherEnd = -1; // where the last token of the current other turn ended; -1: outside
    for (std::size_t index = 0; index < tokens.ids.size(); ++index) {
        const TextSpan span{std::clamp<std::int64_t>(tokens.offsets[index].begin, 0, last),
                            std::clamp<std::int64_t>(tokens.offsets[index].end, 0, last)};
        TokenTile tile;
        tile.id = tokens.ids[index];
        tile.isSpecial = tokens.special[index] != 0;
        tile.fate = fateOf(tokens, index);
        tile.source = tokens.sources[index];
        tile.field = tokens.fieldOffsets[index];
        const qsizetype begin = starts[static_cast<std::size_t>(span.begin)];
        const qsizetype end = starts[static_cast<std::size_t>(std::max(span.begin, span.end))];
        const QStringView raw = QStringView(result->text).mid(begin, end - begin);
        if (!raw.isEmpty() && span == previous && !tile.isSpecial) {
            // One character written as several tokens (bytes): the first tile shows it, the others continue it.
            tile.text = QStringLiteral("\u00B7");
        } else {
            tile.text = shownText(raw);
            tile.endsLine = raw.contains(u'\n');
        }
        previous = span;
        if (tile.source == data::TokenSource::OtherTurn) {
            // A new turn begins after template text, or where the field's offsets start again.
            if (otherEnd < 0 || tile.field.begin < otherEnd - 1)
                ++otherTurn;
            otherEnd = std::max<std::int64_t>(tile.field.end, 0);
            tile.otherTurn = otherTurn;
        } else if (tile.source != data::TokenSource::Context) {
            otherEnd = -1;
        }
        switch (tile.fate) {
        case TokenFate::Context: ++result->context; break;
        case TokenFate::Trained: ++result->trained; break;
        case TokenFate::Special: ++result->special; break;
        case TokenFate::CutOff: ++result->cut; break;
        }
        // The last special token that would be trained is the mark at which the tuned model will stop.
        if (tokens.trained[index] && tile.isSpecial)
            result->isEndMarkCut = tile.fate == TokenFate::CutOff;
        result->answer += tile.source == data::TokenSource::Response ? 1 : 0;
        result->tiles.push_back(std::move(tile));
    }
    return result;
}

QString fateName(TokenFate fate)
{
    switch (fate) {
    case TokenFate::Trained: return QCoreApplication::translate("TokenLens", "Trained");
    case TokenFate::Context: return QCoreApplication::translate("TokenLens", "Context");
    case TokenFate::Special: return QCoreApplication::translate("TokenLens", "Special");
    case TokenFate::CutOff: return QCoreApplication::translate("TokenLens", "Cut off");
    }
    return {};
}

} // namespace fettle::ui
