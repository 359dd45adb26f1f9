// What the token lens paints: the labelled tokens of one record as texts for tiles, with counts. Made off the GUI thread; plain values.
// Knows no widget and no colour.
#pragma once

#include "core/data/labelledtokens.h"

#include <QString>

#include <memory>
#include <vector>

namespace fettle::ui {

// What happens to a token in training. A trained special token is Trained; a token beyond the length is CutOff whatever else it is.
enum class TokenFate { Context, Trained, Special, CutOff };

struct TokenTile {
    QString text;          // as shown: leading space kept, line breaks and control characters as signs
    TokenId id = 0;
    TokenFate fate = TokenFate::Context;
    bool isSpecial = false;     // boxed, small
    bool endsLine = false;      // the token holds a line break
    data::TokenSource source = data::TokenSource::Template;
    TextSpan field;             // code points in the field named by source
    int otherTurn = -1;         // for OtherTurn: which of the turns that have no name of their own, empty ones not counted
};

struct TokenTiles {
    std::vector<TokenTile> tiles;
    int trained = 0, context = 0, special = 0, cut = 0; // sum: tiles.size()
    int answer = 0;            // written from the response, whatever becomes of them
    bool isEndMarkCut = false; // the mark at which the tuned model will stop lies beyond the length
    QString text;              // the rendered prompt, for screen readers and copying
    std::vector<data::LabelledTokens::Warning> warnings;
    [[nodiscard]] int count() const { return static_cast<int>(tiles.size()); }
};

[[nodiscard]] std::shared_ptr<const TokenTiles> makeTiles(const data::LabelledTokens &tokens);

// "Trained", "Context", "Special", "Cut off": as in the legend.
[[nodiscard]] QString fateName(TokenFate fate);

} // namespace fettle::ui
