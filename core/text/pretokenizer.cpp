// The pre-tokenizers, and how a tokenizer.json names them.
#include "core/text/pretokenizer.h"

#include "core/base/words.h"
#include "core/text/jsonaccess.h"
#include "core/text/unicode.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::text {
namespace {

struct Part {
    Range range;
    bool isDelimiter;
};

// Parts that cover range, from the delimiters in it.
std::vector<Part> partsOf(Range range, const std::vector<Range> &delimiters)
{
    std::vector<Part> parts;
    std::uint32_t at = range.begin;
    for (const Range &delimiter : delimiters) {
        if (at != delimiter.begin)
            parts.push_back({{at, delimiter.begin}, false});
        parts.push_back({delimiter, true});
        at = delimiter.end;
    }
    if (at != range.end)
        parts.push_back({{at, range.end}, false});
    return parts;
}

void push(std::vector<Range> &out, Range range)
{
    if (range.begin < range.end)
        out.push_back(range);
}

// Joins parts as the delimiter's behaviour says. Empty pieces are left out.
void joinParts(const std::vector<Part> &parts, Delimiter delimiter, std::vector<Range> &out)
{
    switch (delimiter) {
    case Delimiter::Removed:
        for (const Part &part : parts)
            if (!part.isDelimiter)
                push(out, part.range);
        return;
    case Delimiter::Isolated:
        for (const Part &part : parts)
            push(out, part.range);
        return;
    case Delimiter::Contiguous: {
        std::vector<Range> joined;
        bool previous = false;
        for (const Part &part : parts) {
            if (part.isDelimiter == previous && !joined.empty())
                joined.back().end = part.range.end;
            else
                joined.push_back(part.range);
            previous = part.isDelimiter;
        }
        for (const Range &range : joined)
            push(out, range);
        return;
    }
    case Delimiter::MergedWithPrevious: {
        std::vector<Range> joined;
        bool previous = false;
        for (const Part &part : parts) {
            if (part.isDelimiter && !previous && !joined.empty())
                joined.back().end = part.range.end;
            else
                joined.push_back(part.range);
            previous = part.isDelimiter;
        }
        for (const Range &range : joined)
            push(out, range);
        return;
    }
    case Delimiter::MergedWithNext: {
        std::vector<Range> joined; // from right to left
        bool previous = false;
        for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
            if (part->isDelimiter && !previous && !joined.empty())
                joined.back().begin = part->range.begin;
            else
                joined.push_back(part->range);
            previous = part->isDelimiter;
        }
        for (auto range = joined.rbegin(); range != joined.rend(); ++range)
            push(out, *range);
        return;
    }
    }
}

template <class IsDelimiter> std::vector<Range> charactersWhere(std::string_view text, Range range, IsDelimiter isDelimiter)
{
    std::vector<Range> found;
    for (std::uint32_t i = range.begin; i < range.end;) {
        const Decoded c = decodeUnchecked(text.data() + i);
        if (isDelimiter(c.value))
            found.push_back({i, i + c.length});
        i += c.length;
    }
    return found;
}

std::vector<Range> occurrences(std::string_view text, Range range, std::string_view pattern)
{
    std::vector<Range> found;
    if (pattern.empty())
        return found;
    const std::string_view part = text.substr(range.begin, range.size());
    for (std::size_t at = part.find(pattern); at != std::string_view::npos; at = part.find(pattern, at + pattern.size()))
        found.push_back({range.begin + static_cast<std::uint32_t>(at), range.begin + static_cast<std::uint32_t>(at + pattern.size())});
    return found;
}

// The words of \w+|[^\w\s]+.
void splitWords(std::string_view text, Range range, std::vector<Range> &out)
{
    const auto kindOf = [](char32_t c) { return hasClass(c, kWord) ? 1 : hasClass(c, kSpace) ? 0 : 2; };
    std::uint32_t begin = range.begin;
    int kind = 0;
    for (std::uint32_t i = range.begin; i < range.end;) {
        const Decoded c = decodeUnchecked(text.data() + i);
        const int next = kindOf(c.value);
        if (next != kind) {
            if (kind != 0)
                push(out, {begin, i});
            begin = i;
            kind = next;
        }
        i += c.length;
    }
    if (kind != 0)
        push(out, {begin, range.end});
}

struct Step {
    AlignedText &text;
    const std::vector<Range> &pieces;
    std::vector<Range> &out;

    Result<> operator()(const SplitKnown &step) const
    {
        for (const Range &piece : pieces)
            splitKnown(step.split, text.view(), piece, out);
        return {};
    }

    Result<> operator()(const SplitPattern &step) const
    {
        for (const Range &piece : pieces) {
            std::vector<Range> delimiters;
            if (const auto *plain = std::get_if<std::string>(&step.pattern)) {
                delimiters = occurrences(text.view(), piece, *plain);
            } else {
                const auto matches = std::get<Regex>(step.pattern).findAll(text.view().substr(piece.begin, piece.size()));
                if (!matches)
                    return passError(matches);
                for (const RegexMatch &match : *matches)
                    delimiters.push_back(
                        {piece.begin + static_cast<std::uint32_t>(match.begin), piece.begin + static_cast<std::uint32_t>(match.end)});
            }
            std::vector<Part> parts = partsOf(piece, delimiters);
            if (step.invert)
                for (Part &part : parts)
                    part.isDelimiter = !part.isDelimiter;
            joinParts(parts, step.delimiter, out);
        }
        return {};
    }

    Result<> operator()(const SplitDigits &step) const
    {
        const std::uint8_t *classes = charClasses();
        for (const Range &piece : pieces) {
            std::uint32_t begin = piece.begin;
            bool inNumber = false;
            for (std::uint32_t i = piece.begin; i < piece.end;) {
                const Decoded c = decodeUnchecked(text.view().data() + i);
                const bool isNumber = classes[c.value] & kNumber;
                if (isNumber != inNumber || (isNumber && step.individually)) {
                    push(out, {begin, i});
                    begin = i;
                    inNumber = isNumber;
                }
                i += c.length;
            }
            push(out, {begin, piece.end});
        }
        return {};
    }

    Result<> operator()(const SplitPunctuation &step) const
    {
        for (const Range &piece : pieces)
            joinParts(partsOf(piece, charactersWhere(text.view(), piece, isOldPunctuation)), step.delimiter, out);
        return {};
    }

    Result<> operator()(const SplitSpaces &) const
    {
        for (const Range &piece : pieces)
            joinParts(partsOf(piece, charactersWhere(text.view(), piece, [](char32_t c) { return hasClass(c, kSpace); })),
                      Delimiter::Removed, out);
        return {};
    }

    Result<> operator()(const SplitWords &) const
    {
        for (const Range &piece : pieces)
            splitWords(text.view(), piece, out);
        return {};
    }

    Result<> operator()(const Metaspace &step) const
    {
        std::vector<Range> replaced = replaceSpaces(step.replacement);
        std::vector<bool> chosen;
        for (const Range &piece : replaced) {
            const bool has = text.view().substr(piece.begin, piece.size()).starts_with(step.replacement);
            const bool wanted = step.prepend == Prepend::Always
                || (step.prepend == Prepend::First && text.originOf({piece.begin, piece.begin + 1}).begin == 0);
            chosen.push_back(wanted && !has);
        }
        if (std::find(chosen.begin(), chosen.end(), true) != chosen.end())
            replaced = text.prependTo(replaced, chosen, step.replacement);
        for (const Range &piece : replaced) {
            if (step.split)
                joinParts(partsOf(piece, occurrences(text.view(), piece, step.replacement)), Delimiter::MergedWithNext, out);
            else
                push(out, piece);
        }
        return {};
    }

    Result<> operator()(const PrefixSpace &) const
    {
        std::vector<bool> chosen;
        for (const Range &piece : pieces)
            chosen.push_back(text.view()[piece.begin] != ' ');
        out = std::find(chosen.begin(), chosen.end(), true) == chosen.end() ? pieces : text.prependTo(pieces, chosen, " ");
        return {};
    }

private:
    // Every space in the pieces becomes the replacement; the pieces move accordingly.
    std::vector<Range> replaceSpaces(std::string_view replacement) const
    {
        std::vector<Range> spaces;
        std::vector<Range> moved;
        const std::uint32_t growth = static_cast<std::uint32_t>(replacement.size()) - 1;
        std::uint32_t shift = 0;
        for (const Range &piece : pieces) {
            const std::uint32_t begin = piece.begin + shift;
            for (std::uint32_t i = piece.begin; i < piece.end; ++i)
                if (text.view()[i] == ' ') {
                    spaces.push_back({i, i + 1});
                    shift += growth;
                }
            moved.push_back({begin, piece.end + shift});
        }
        text.replaceAll(spaces, replacement);
        return moved;
    }
};

Result<Delimiter> delimiterOf(const std::string &name, Delimiter fallback)
{
    if (name.empty())
        return fallback;
    if (name == "Removed")
        return Delimiter::Removed;
    if (name == "Isolated")
        return Delimiter::Isolated;
    if (name == "MergedWithPrevious")
        return Delimiter::MergedWithPrevious;
    if (name == "MergedWithNext")
        return Delimiter::MergedWithNext;
    if (name == "Contiguous")
        return Delimiter::Contiguous;
    return unsupported(tr("split behaviour"), name);
}

Result<> addSplit(const nlohmann::json &json, PreTokenizer &made)
{
    const auto delimiter = delimiterOf(textOf(json, "behavior"), Delimiter::Isolated);
    if (!delimiter)
        return passError(delimiter);
    const bool invert = flagOf(json, "invert", false);
    const std::string regex = textOf(fieldOf(json, "pattern"), "Regex");
    const bool keepsMatches = (*delimiter == Delimiter::Isolated && !invert) || (*delimiter == Delimiter::Removed && invert);
    if (const auto known = knownSplit(regex); known && keepsMatches) {
        made.steps.push_back(SplitKnown{*known});
        return {};
    }
    auto pattern = patternOf(json);
    if (!pattern)
        return passError(pattern);
    made.steps.push_back(SplitPattern{std::move(*pattern), *delimiter, invert});
    return {};
}

Result<> addMetaspace(const nlohmann::json &json, PreTokenizer &made)
{
    Metaspace step{textOf(json, "replacement"), Prepend::Always, flagOf(json, "split", true)};
    if (step.replacement.empty() || decodeUnchecked(step.replacement.data()).length != step.replacement.size())
        return unsupported(tr("Metaspace replacement"), step.replacement);
    const std::string scheme = textOf(json, "prepend_scheme");
    if (scheme == "never" || (scheme.empty() && !flagOf(json, "add_prefix_space", true)))
        step.prepend = Prepend::Never;
    else if (scheme == "first")
        step.prepend = Prepend::First;
    made.steps.push_back(std::move(step));
    return {};
}

Result<> addSteps(const nlohmann::json &json, PreTokenizer &made, int depth)
{
    if (json.is_null())
        return {};
    const std::string type = textOf(json, "type");
    if (made.bytes)
        return unsupported(tr("pre-tokenizer after ByteLevel"), type);
    if (type == "Sequence" && depth < 8) {
        for (const nlohmann::json &inner : listOf(json, "pretokenizers"))
            if (auto added = addSteps(inner, made, depth + 1); !added)
                return added;
        return {};
    }
    if (type == "ByteLevel") {
        if (flagOf(json, "add_prefix_space", true))
            made.steps.push_back(PrefixSpace{});
        if (flagOf(json, "use_regex", true))
            made.steps.push_back(SplitKnown{KnownSplit::Gpt2});
        made.bytes = true;
        return {};
    }
    if (type == "Split")
        return addSplit(json, made);
    if (type == "Metaspace")
        return addMetaspace(json, made);
    if (type == "Punctuation") {
        const auto delimiter = delimiterOf(textOf(json, "behavior"), Delimiter::Isolated);
        if (!delimiter)
            return passError(delimiter);
        made.steps.push_back(SplitPunctuation{*delimiter});
    } else if (type == "Digits")
        made.steps.push_back(SplitDigits{flagOf(json, "individual_digits", false)});
    else if (type == "WhitespaceSplit")
        made.steps.push_back(SplitSpaces{});
    else if (type == "Whitespace")
        made.steps.push_back(SplitWords{});
    else
        return unsupported("pre-tokenizer", type);
    return {};
}

} // namespace

Result<> PreTokenizer::apply(AlignedText &text, std::vector<Range> &pieces) const
{
    pieces.clear();
    if (text.view().empty())
        return {};
    pieces.push_back({0, static_cast<std::uint32_t>(text.view().size())});
    std::vector<Range> next;
    for (const PreTokenizerStep &step : steps) {
        next.clear();
        if (auto applied = std::visit(Step{text, pieces, next}, step); !applied)
            return applied;
        pieces.swap(next);
    }
    return {};
}

Result<PreTokenizer> readPreTokenizer(const nlohmann::json &json)
{
    PreTokenizer made;
    if (auto added = addSteps(json, made, 0); !added)
        return passError(added);
    return made;
}

} // namespace fettle::text
