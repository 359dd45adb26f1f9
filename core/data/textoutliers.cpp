// Scripts by ICU; triples of letters counted in a table of hashes, a text judged by how probable its triples are on average.
#include "core/data/textoutliers.h"

#include "core/base/random.h"
#include "core/base/utf8.h"
#include "core/base/words.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unicode/uchar.h>
#include <unicode/uscript.h>

namespace fettle::data {

namespace {

constexpr std::size_t kFewest = 20;          // texts that make a "rest"
constexpr double kRareScript = 0.05;         // of all texts
constexpr int kTableBits = 18;               // of the counts; a language has some ten thousand triples
constexpr std::size_t kTriplesNeeded = 30;   // a shorter text says too little of its language
constexpr std::size_t kLettersRead = 2000;   // of each text: a page is enough to know a language
constexpr double kBitsBelow = 1.0;           // below the median, for each triple; German among 600 English texts lies 1.7 below
constexpr double kDeviationsBelow = 5;       // robust standard deviations; that German text lies 8 below

UScriptCode scriptOf(char32_t c)
{
    if (c < 0x80)
        return u_isalpha(static_cast<UChar32>(c)) ? USCRIPT_LATIN : USCRIPT_COMMON;
    UErrorCode status = U_ZERO_ERROR;
    const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &status);
    if (U_FAILURE(status) || script == USCRIPT_INHERITED || !u_isalpha(static_cast<UChar32>(c)))
        return USCRIPT_COMMON;
    return script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA ? USCRIPT_HAN : script; // Japanese is written in all three
}

// The script of most letters; Common where there are fewer than four.
UScriptCode mainScript(std::string_view text)
{
    std::map<UScriptCode, std::size_t> counts;
    std::size_t letters = 0;
    for (std::size_t i = 0; i < text.size() && letters < kLettersRead;) {
        const UScriptCode script = scriptOf(nextCodePoint(text, i));
        if (script == USCRIPT_COMMON)
            continue;
        ++counts[script];
        ++letters;
    }
    if (letters < 4)
        return USCRIPT_COMMON;
    return std::max_element(counts.begin(), counts.end(), [](const auto &a, const auto &b) { return a.second < b.second; })->first;
}

// Calls visit with the hash of each triple of letters; words are framed by a space.
template <class Visit>
void forTriples(std::string_view text, const Visit &visit)
{
    std::uint64_t a = ' ', b = ' ';
    std::size_t letters = 0;
    for (std::size_t i = 0; i < text.size() && letters < kLettersRead;) {
        char32_t c = nextCodePoint(text, i);
        const bool isLetter = c < 0x80 ? (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') : u_isalpha(static_cast<UChar32>(c)) != 0;
        if (!isLetter) {
            c = ' ';
            if (b == ' ')
                continue;
        } else {
            ++letters;
        }
        if (a != ' ' || b != ' ')
            visit(splitMix64(a << 42 | b << 21 | c) >> (64 - kTableBits));
        a = b;
        b = c;
    }
}

double medianOf(std::vector<double> values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

} // namespace

Result<std::vector<bool>> findOutliers(std::span<const std::string_view> texts, const ProgressCallback &progress, std::stop_token stop)
{
    std::vector<bool> isOutlier(texts.size(), false);
    const std::size_t steps = texts.size() * 2;
    const auto pulse = [&](std::size_t done) -> Result<> {
        if (done % 4096 != 0)
            return {};
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
        if (progress)
            progress({tr("Looking for another language or script"), static_cast<std::int64_t>(done), static_cast<std::int64_t>(steps)});
        return {};
    };
    std::map<UScriptCode, std::size_t> scripts;
    std::vector<UScriptCode> script(texts.size());
    std::vector<std::uint32_t> counts(std::size_t{1} << kTableBits, 0);
    std::uint64_t all = 0;
    std::size_t judged = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (auto done = pulse(i); !done)
            return passError(done);
        script[i] = mainScript(texts[i]);
        if (script[i] == USCRIPT_COMMON)
            continue;
        ++scripts[script[i]];
        ++judged;
        forTriples(texts[i], [&](std::uint64_t triple) {
            ++counts[triple];
            ++all;
        });
    }
    if (judged < kFewest)
        return isOutlier;
    std::vector<float> bits(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i)
        bits[i] = static_cast<float>(std::log2((counts[i] + 0.5) / (static_cast<double>(all) + 0.5 * static_cast<double>(counts.size()))));
    struct Score { std::size_t text, triples; double bits; };
    std::vector<Score> scores;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (auto done = pulse(texts.size() + i); !done)
            return passError(done);
        isOutlier[i] = script[i] != USCRIPT_COMMON && static_cast<double>(scripts[script[i]]) < kRareScript * static_cast<double>(judged);
        double sum = 0;
        std::size_t triples = 0;
        forTriples(texts[i], [&](std::uint64_t triple) {
            sum += bits[triple];
            ++triples;
        });
        if (triples >= kTriplesNeeded)
            scores.push_back({i, triples, sum / static_cast<double>(triples)});
    }
    if (scores.size() < kFewest)
        return isOutlier;
    std::vector<double> values;
    for (const Score &score : scores)
        values.push_back(score.bits);
    const double median = medianOf(values);
    // The mean of n triples varies by 1 / sqrt(n): short texts are allowed more.
    const auto deviation = [&](const Score &score) { return (score.bits - median) * std::sqrt(static_cast<double>(score.triples)); };
    for (std::size_t i = 0; i < scores.size(); ++i)
        values[i] = std::abs(deviation(scores[i]));
    const double usual = 1.4826 * medianOf(values); // the standard deviation, from the median one
    for (const Score &score : scores) {
        if (score.bits < median - kBitsBelow && deviation(score) < -kDeviationsBelow * usual)
            isOutlier[score.text] = true;
    }
    return isOutlier;
}

} // namespace fettle::data
