// The normalizers; Unicode forms are composed here from ICU's tables, because the way back to the original characters must be kept.
#include "core/text/normalizer.h"

#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/text/jsonaccess.h"
#include "core/text/unicode.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

namespace fettle::text {
namespace {

constexpr std::size_t kMostGrowth = 64; // no honest normalizer makes so much of one byte
constexpr std::size_t kLongestContent = 32; // of what replaces something or is put in front

const icu::Normalizer2 &normalizerOf(UnicodeForm form)
{
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2 *instance = nullptr;
    switch (form) {
    case UnicodeForm::Nfc: instance = icu::Normalizer2::getNFCInstance(status); break;
    case UnicodeForm::Nfd: instance = icu::Normalizer2::getNFDInstance(status); break;
    case UnicodeForm::Nfkc: instance = icu::Normalizer2::getNFKCInstance(status); break;
    case UnicodeForm::Nfkd: instance = icu::Normalizer2::getNFKDInstance(status); break;
    }
    return *instance;
}

// Canonical order: marks are sorted by class between two starters, stably. The first character of a decomposition stands for the old
// character, the others are new; this follows the characters when they are sorted.
std::vector<Edit> decompose(std::string_view text, const icu::Normalizer2 &normalizer)
{
    std::vector<Edit> edits;
    std::size_t sortedUntil = 0;
    const auto sortPending = [&] {
        std::stable_sort(edits.begin() + static_cast<std::ptrdiff_t>(sortedUntil), edits.end(), [](const Edit &a, const Edit &b) {
            return u_getCombiningClass(static_cast<UChar32>(a.value)) < u_getCombiningClass(static_cast<UChar32>(b.value));
        });
        sortedUntil = edits.size();
    };
    const auto push = [&](char32_t c, bool first) {
        if (u_getCombiningClass(static_cast<UChar32>(c)) == 0)
            sortPending();
        edits.push_back({c, first ? 0 : 1});
    };
    icu::UnicodeString parts;
    for (std::size_t i = 0; i < text.size();) {
        const Decoded c = decodeUnchecked(text.data() + i);
        i += c.length;
        if (c.value < 0x80 || !normalizer.getDecomposition(static_cast<UChar32>(c.value), parts)) {
            push(c.value, true);
            continue;
        }
        for (int32_t k = 0; k < parts.length();) {
            const UChar32 part = parts.char32At(k);
            push(static_cast<char32_t>(part), k == 0);
            k += U16_LENGTH(part);
        }
    }
    sortPending();
    return edits;
}

// Composition of a decomposed text; a character that goes into its starter counts as removed.
std::vector<Edit> compose(const std::vector<Edit> &edits, const icu::Normalizer2 &normalizer)
{
    std::vector<Edit> out;
    std::size_t starter = 0;
    bool hasStarter = false;
    int lastClass = -1; // of the marks kept since the starter; -1: none
    for (const Edit &edit : edits) {
        const int cls = u_getCombiningClass(static_cast<UChar32>(edit.value));
        if (!hasStarter) {
            if (cls == 0) {
                hasStarter = true;
                starter = out.size();
            }
            out.push_back(edit);
            continue;
        }
        const bool blocked = lastClass >= 0 && lastClass >= cls;
        const UChar32 pair =
            blocked ? U_SENTINEL : normalizer.composePair(static_cast<UChar32>(out[starter].value), static_cast<UChar32>(edit.value));
        if (pair >= 0) {
            out[starter] = {static_cast<char32_t>(pair), out[starter].change + edit.change - 1};
            continue;
        }
        if (cls == 0) {
            starter = out.size();
            lastClass = -1;
        } else {
            lastClass = cls;
        }
        out.push_back(edit);
    }
    return out;
}

void toForm(AlignedText &text, UnicodeForm form)
{
    if (isAscii(text.view()))
        return;
    const icu::Normalizer2 &normalizer = normalizerOf(form);
    const bool composes = form == UnicodeForm::Nfc || form == UnicodeForm::Nfkc;
    UErrorCode status = U_ZERO_ERROR;
    if (normalizer.isNormalizedUTF8(icu::StringPiece(text.view().data(), static_cast<int32_t>(text.view().size())), status)
        && U_SUCCESS(status))
        return;
    std::vector<Edit> edits = decompose(text.view(), normalizer);
    text.applyAll(composes ? compose(edits, normalizer) : edits);
}

void filter(AlignedText &text, const std::function<bool(char32_t)> &keep)
{
    std::vector<Edit> edits;
    std::size_t removedFirst = 0;
    for (std::size_t i = 0; i < text.view().size();) {
        const Decoded c = decodeUnchecked(text.view().data() + i);
        i += c.length;
        if (keep(c.value))
            edits.push_back({c.value, 0});
        else if (edits.empty())
            ++removedFirst;
        else
            --edits.back().change;
    }
    text.applyAll(edits, removedFirst);
}

void map(AlignedText &text, const std::function<std::u32string(char32_t)> &change)
{
    std::vector<Edit> edits;
    for (std::size_t i = 0; i < text.view().size();) {
        const Decoded c = decodeUnchecked(text.view().data() + i);
        i += c.length;
        int position = 0;
        for (const char32_t made : change(c.value))
            edits.push_back({made, position++ > 0 ? 1 : 0});
    }
    text.applyAll(edits);
}

void stripSpaces(AlignedText &text, const StripSpaces &step)
{
    const std::u32string characters = toCodePoints(text.view());
    std::size_t begin = 0;
    std::size_t end = characters.size();
    if (step.left)
        while (begin < end && hasClass(characters[begin], kSpace))
            ++begin;
    if (step.right)
        while (end > begin && hasClass(characters[end - 1], kSpace))
            --end;
    if (begin == 0 && end == characters.size())
        return;
    std::vector<Edit> edits;
    for (std::size_t i = begin; i < end; ++i)
        edits.push_back({characters[i], 0});
    text.applyAll(edits, begin);
}

bool survivesCleaning(char32_t c)
{
    const bool control = (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    return !control;
}

char32_t cleaned(char32_t c)
{
    switch (c) {
    case 0x9:
    case 0xA:
    case 0xC:
    case 0xD:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x2581:
    case 0xFEFF:
    case 0xFFFD: return U' ';
    default: return c >= 0x200B && c <= 0x200F ? U' ' : c;
    }
}

std::vector<Range> occurrences(std::string_view text, std::string_view pattern)
{
    std::vector<Range> found;
    if (pattern.empty())
        return found;
    for (std::size_t at = text.find(pattern); at != std::string_view::npos; at = text.find(pattern, at + pattern.size()))
        found.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + pattern.size())});
    return found;
}

struct Apply {
    AlignedText &text;
    Result<> operator()(const ToForm &step) const
    {
        toForm(text, step.form);
        return {};
    }
    Result<> operator()(const Lowercase &) const
    {
        map(text, lowerOf);
        return {};
    }
    Result<> operator()(const StripSpaces &step) const
    {
        stripSpaces(text, step);
        return {};
    }
    Result<> operator()(const StripAccents &) const
    {
        filter(text, [](char32_t c) { return !hasClass(c, kMark); });
        return {};
    }
    Result<> operator()(const CleanControls &) const
    {
        filter(text, survivesCleaning);
        map(text, [](char32_t c) { return std::u32string(1, cleaned(c)); });
        return {};
    }
    Result<> operator()(const PrependText &step) const
    {
        if (!text.view().empty() && !step.text.empty())
            (void)text.prependTo({{0, static_cast<std::uint32_t>(text.view().size())}}, {true}, step.text);
        return {};
    }
    Result<> operator()(const ReplaceText &step) const
    {
        text.replaceAll(occurrences(text.view(), step.pattern), step.content);
        return {};
    }
    Result<> operator()(const ReplaceRegex &step) const
    {
        const auto matches = step.pattern.findAll(text.view());
        if (!matches)
            return passError(matches);
        std::vector<Range> ranges;
        for (const RegexMatch &match : *matches)
            ranges.push_back({static_cast<std::uint32_t>(match.begin), static_cast<std::uint32_t>(match.end)});
        text.replaceAll(ranges, step.content);
        return {};
    }
};

Result<> addSteps(const nlohmann::json &json, std::vector<NormalizerStep> &steps, int depth)
{
    if (json.is_null())
        return {};
    const std::string type = textOf(json, "type");
    if (type == "Sequence" && depth < 8) {
        for (const nlohmann::json &inner : listOf(json, "normalizers"))
            if (auto added = addSteps(inner, steps, depth + 1); !added)
                return added;
        return {};
    }
    if (type == "NFC")
        steps.push_back(ToForm{UnicodeForm::Nfc});
    else if (type == "NFD")
        steps.push_back(ToForm{UnicodeForm::Nfd});
    else if (type == "NFKC")
        steps.push_back(ToForm{UnicodeForm::Nfkc});
    else if (type == "NFKD")
        steps.push_back(ToForm{UnicodeForm::Nfkd});
    else if (type == "Lowercase")
        steps.push_back(Lowercase{});
    else if (type == "Strip")
        steps.push_back(StripSpaces{flagOf(json, "strip_left", true), flagOf(json, "strip_right", true)});
    else if (type == "StripAccents")
        steps.push_back(StripAccents{});
    else if (type == "Nmt")
        steps.push_back(CleanControls{});
    else if (textOf(json, "content").size() > kLongestContent || textOf(json, "prepend").size() > kLongestContent)
        return unsupported(tr("normalizer with a long text"), type);
    else if (type == "Prepend")
        steps.push_back(PrependText{textOf(json, "prepend")});
    else if (type == "Replace") {
        const auto pattern = patternOf(json);
        if (!pattern)
            return passError(pattern);
        if (const auto *plain = std::get_if<std::string>(&*pattern))
            steps.push_back(ReplaceText{*plain, textOf(json, "content")});
        else
            steps.push_back(ReplaceRegex{std::get<Regex>(*pattern), textOf(json, "content")});
    } else
        return unsupported("normalizer", type);
    return {};
}

} // namespace

Result<> Normalizer::apply(AlignedText &text) const
{
    const std::size_t most = text.view().size() * kMostGrowth + 4096;
    for (const NormalizerStep &step : steps) {
        if (auto applied = std::visit(Apply{text}, step); !applied)
            return applied;
        if (text.view().size() > most)
            return fail(ErrorCode::BadInput, tr("The tokenizer's normalizer makes {} bytes of text of a few.", text.view().size()),
                        tr("The tokenizer file may be damaged or malicious: copy it again from its source."));
    }
    return {};
}

Result<Normalizer> readNormalizer(const nlohmann::json &json)
{
    Normalizer normalizer;
    if (auto added = addSteps(json, normalizer.steps, 0); !added)
        return passError(added);
    return normalizer;
}

} // namespace fettle::text
