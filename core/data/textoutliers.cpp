// Scripts by ICU; triples of letters counted in a table of hashes, a text judged by how probable its triples are on average.
#include "core/data/textoutliers.h"

#include "core/base/allcores.h"
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

bool isPlainLetter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

UScriptCode scriptOf(char32_t c)
{
    if (c < 0x80)
        return isPlainLetter(static_cast<char>(c)) ? USCRIPT_LATIN : USCRIPT_COMMON;
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
    std::size_t letters = 0, plain = 0;
    for (std::size_t i = 0; i < text.size() && letters < kLettersRead;) {
        if (isPlainLetter(text[i])) {
            ++plain, ++letters, ++i;
            continue;
        }
        const UScriptCode script = scriptOf(nextCodePoint(text, i));
        if (script == USCRIPT_COMMON)
            continue;
        ++counts[script];
        ++letters;
    }
    if (letters < 4)
        return USCRIPT_COMMON;
    if (plain > 0)
        counts[USCRIPT_LATIN] += plain;
    return std::max_element(counts.begin(), counts.end(), [](const auto &a, const auto &b) { return a.second < b.second; })->first;
}

// Calls visit with the hash of each triple of letters; words are framed by a space.
template <class Visit>
void forTriples(std::string_view text, const Visit &visit)
{
    std::uint64_t a = ' ', b = ' ';
    std::size_t letters = 0;
    for (std::size_t i = 0; i < text.size() && letters < kLettersRead;) {
        const bool isPlain = isPlainLetter(text[i]);
        char32_t c = isPlain ? static_cast<char32_t>(text[i++]) : nextCodePoint(text, i);
        const bool isLetter = isPlain || (c >= 0x80 && u_isalpha(static_cast<UChar32>(c)) != 0);
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

// What of each text is asked twice: first for all texts together, then for each beside them.
struct Census {
    std::vector<UScriptCode> scripts; // of each text
    std::map<UScriptCode, std::size_t> texts; // of each script
    std::size_t judged = 0;
    std::vector<float> bits; // of each triple, by how frequent it is
};

// Tells progress and notices a request to stop, over both looks at the texts.
class Pulse {
public:
    Pulse(const ProgressCallback &progress, std::size_t begun, std::size_t all) : m_progress(progress), m_begun(begun), m_all(all) { }
    void operator()(std::size_t i) const
    {
        if (m_progress && i % 256 == 0)
            m_progress({tr("Looking for another language or script"), static_cast<std::int64_t>(m_begun + i), static_cast<std::int64_t>(m_all)});
    }

private:
    const ProgressCallback &m_progress;
    std::size_t m_begun, m_all;
};

Result<Census> census(std::span<const std::string_view> texts, const ProgressCallback &progress, const std::stop_token &stop)
{
    Census result;
    result.scripts.resize(texts.size());
    std::vector<std::vector<std::uint32_t>> counts(workersFor(texts.size()), std::vector<std::uint32_t>(std::size_t{1} << kTableBits, 0));
    const auto count = [&](std::size_t i, std::size_t worker) -> Result<> {
        result.scripts[i] = mainScript(texts[i]);
        if (result.scripts[i] != USCRIPT_COMMON)
            forTriples(texts[i], [&](std::uint64_t triple) { ++counts[worker][triple]; });
        return {};
    };
    if (auto done = onAllCores(texts.size(), count, stop, Pulse(progress, 0, texts.size() * 2)); !done)
        return passError(done);
    for (const UScriptCode script : result.scripts) {
        if (script == USCRIPT_COMMON)
            continue;
        ++result.texts[script];
        ++result.judged;
    }
    std::uint64_t all = 0;
    for (std::size_t triple = 0; triple < counts[0].size(); ++triple) {
        for (std::size_t worker = 1; worker < counts.size(); ++worker)
            counts[0][triple] += counts[worker][triple];
        all += counts[0][triple];
    }
    result.bits.reserve(counts[0].size());
    for (const std::uint32_t triples : counts[0])
        result.bits.push_back(static_cast<float>(std::log2((triples + 0.5) / (static_cast<double>(all) + 0.5 * static_cast<double>(counts[0].size())))));
    return result;
}

} // namespace

Result<std::vector<bool>> findOutliers(std::span<const std::string_view> texts, const ProgressCallback &progress, std::stop_token stop)
{
    std::vector<bool> isOutlier(texts.size(), false);
    const auto known = census(texts, progress, stop);
    if (!known)
        return passError(known);
    struct Score { std::size_t text = 0, triples = 0; double bits = 0; };
    std::vector<Score> scores(known->judged < kFewest ? 0 : texts.size());
    const auto judge = [&](std::size_t i) -> Result<> {
        scores[i].text = i;
        forTriples(texts[i], [&](std::uint64_t triple) {
            scores[i].bits += known->bits[triple];
            ++scores[i].triples;
        });
        scores[i].bits /= static_cast<double>(std::max<std::size_t>(scores[i].triples, 1));
        return {};
    };
    if (auto done = onAllCores(scores.size(), judge, stop, Pulse(progress, texts.size(), texts.size() * 2)); !done)
        return passError(done);
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
    for (std::size_t i = 0; i < scores.size(); ++i)
        isOutlier[i] = known->scripts[i] != USCRIPT_COMMON && static_cast<double>(known->texts.at(known->scripts[i])) < kRareScript * static_cast<double>(known->judged);
    std::erase_if(scores, [](const Score &score) { return score.triples < kTriplesNeeded; });
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
