#include "core/evaluate/textoverlap.h"

#include "core/base/utf8.h"
#include "core/evaluate/pythontext.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace fettle::evaluate {

namespace {

using Words = std::vector<std::u32string>;
using Ngrams = std::unordered_map<std::u32string, std::int64_t>;

Ngrams wordNgrams(const Words &words, std::size_t n)
{
    Ngrams ngrams;
    for (std::size_t i = 0; i + n <= words.size(); ++i) {
        std::u32string ngram = words[i];
        for (std::size_t k = i + 1; k < i + n; ++k)
            (ngram += U' ') += words[k];
        ++ngrams[ngram];
    }
    return ngrams;
}

Ngrams letterNgrams(const std::u32string &letters, std::size_t n)
{
    Ngrams ngrams;
    for (std::size_t i = 0; i + n <= letters.size(); ++i)
        ++ngrams[letters.substr(i, n)];
    return ngrams;
}

std::int64_t total(const Ngrams &ngrams)
{
    std::int64_t sum = 0;
    for (const auto &[ngram, count] : ngrams)
        sum += count;
    return sum;
}

std::int64_t common(const Ngrams &left, const Ngrams &right)
{
    std::int64_t sum = 0;
    for (const auto &[ngram, count] : left) {
        if (const auto found = right.find(ngram); found != right.end())
            sum += std::min(count, found->second);
    }
    return sum;
}

Overlap overlapOf(std::int64_t both, std::size_t expected, std::size_t answer)
{
    Overlap overlap;
    overlap.precision = static_cast<double>(both) / static_cast<double>(std::max<std::size_t>(answer, 1));
    overlap.recall = static_cast<double>(both) / static_cast<double>(std::max<std::size_t>(expected, 1));
    if (both > 0)
        overlap.f1 = 2 * overlap.precision * overlap.recall / (overlap.precision + overlap.recall);
    return overlap;
}

Words rougeWords(std::string_view text)
{
    std::u32string letters = lowered(toCodePoints(text));
    for (char32_t &c : letters) {
        if (!isDigit(c) && !(c >= 'a' && c <= 'z'))
            c = U' ';
    }
    return splitAtSpaces(letters);
}

// A punctuation mark at the end of a word, or else at its beginning, is a word of its own (Popović 2017).
Words chrfWords(std::u32string_view text)
{
    Words words;
    for (const std::u32string &word : splitAtSpaces(text)) {
        if (word.size() > 1 && isAsciiPunctuation(word.back())) {
            words.push_back(word.substr(0, word.size() - 1));
            words.push_back(word.substr(word.size() - 1));
        } else if (word.size() > 1 && isAsciiPunctuation(word.front())) {
            words.push_back(word.substr(0, 1));
            words.push_back(word.substr(1));
        } else {
            words.push_back(word);
        }
    }
    return words;
}

void replaceAll(std::u32string &text, std::u32string_view from, std::u32string_view to)
{
    for (std::size_t at = text.find(from); at != std::u32string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

bool isPointOrComma(char32_t c) { return c == '.' || c == ','; }
bool isBleuSymbol(char32_t c) { return isAsciiPunctuation(c) && c != '\'' && c != '-' && !isPointOrComma(c); }

// Puts spaces around the second of two neighbours (Second) or the first (First) wherever the pair is found, from left to right.
enum class Apart { First, Second };
template <class IsPair>
std::u32string setApart(std::u32string_view text, Apart apart, const IsPair &isPair)
{
    std::u32string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i + 1 >= text.size() || !isPair(text[i], text[i + 1])) {
            result += text[i];
            continue;
        }
        if (apart == Apart::First)
            ((result += U' ') += text[i]) += U' ';
        else
            (result += text[i]) += U' ';
        result += text[++i];
        if (apart == Apart::Second)
            result += U' ';
    }
    return result;
}

// mteval-v13a, the tokeniser of WMT.
Words bleuWords(std::string_view text)
{
    std::u32string line = toCodePoints(text);
    while (!line.empty() && isPythonSpace(line.back()))
        line.pop_back();
    replaceAll(line, U"<skipped>", U"");
    replaceAll(line, U"-\n", U"");
    replaceAll(line, U"\n", U" ");
    replaceAll(line, U"&quot;", U"\"");
    replaceAll(line, U"&amp;", U"&");
    replaceAll(line, U"&lt;", U"<");
    replaceAll(line, U"&gt;", U">");
    std::u32string spaced = U" ";
    for (const char32_t c : line) {
        if (isBleuSymbol(c))
            ((spaced += U' ') += c) += U' ';
        else
            spaced += c;
    }
    spaced += U' ';
    spaced = setApart(spaced, Apart::Second, [](char32_t first, char32_t second) { return !isDigit(first) && isPointOrComma(second); });
    spaced = setApart(spaced, Apart::First, [](char32_t first, char32_t second) { return isPointOrComma(first) && !isDigit(second); });
    spaced = setApart(spaced, Apart::Second, [](char32_t first, char32_t second) { return isDigit(first) && second == '-'; });
    return splitAtSpaces(spaced);
}

} // namespace

Overlap rougeN(std::string_view expected, std::string_view answer, std::size_t n)
{
    const Ngrams wanted = wordNgrams(rougeWords(expected), n);
    const Ngrams given = wordNgrams(rougeWords(answer), n);
    return overlapOf(common(wanted, given), static_cast<std::size_t>(total(wanted)), static_cast<std::size_t>(total(given)));
}

Overlap rougeL(std::string_view expected, std::string_view answer)
{
    const Words wanted = rougeWords(expected);
    const Words given = rougeWords(answer);
    // One row of the table of common lengths; before: the value above and left.
    std::vector<std::int64_t> lengths(given.size() + 1, 0);
    for (const std::u32string &word : wanted) {
        std::int64_t before = 0;
        for (std::size_t j = 1; j <= given.size(); ++j) {
            const std::int64_t above = lengths[j];
            lengths[j] = word == given[j - 1] ? before + 1 : std::max(above, lengths[j - 1]);
            before = above;
        }
    }
    return overlapOf(lengths.back(), wanted.size(), given.size());
}

ChrfCounts &ChrfCounts::operator+=(const ChrfCounts &other)
{
    for (std::size_t i = 0; i < orders.size(); ++i) {
        orders[i].answer += other.orders[i].answer;
        orders[i].expected += other.orders[i].expected;
        orders[i].common += other.orders[i].common;
    }
    return *this;
}

ChrfCounts chrfCounts(std::string_view expected, std::string_view answer)
{
    const std::u32string wanted = toCodePoints(expected);
    const std::u32string given = toCodePoints(answer);
    const auto lettersOf = [](const std::u32string &text) {
        std::u32string letters;
        std::copy_if(text.begin(), text.end(), std::back_inserter(letters), [](char32_t c) { return !isPythonSpace(c); });
        return letters;
    };
    const std::u32string wantedLetters = lettersOf(wanted), givenLetters = lettersOf(given);
    const Words wantedWords = chrfWords(wanted), givenWords = chrfWords(given);
    ChrfCounts counts;
    for (std::size_t i = 0; i < counts.orders.size(); ++i) {
        const bool isLetters = i < ChrfCounts::kLetterOrders;
        const std::size_t n = isLetters ? i + 1 : i - ChrfCounts::kLetterOrders + 1;
        const Ngrams left = isLetters ? letterNgrams(wantedLetters, n) : wordNgrams(wantedWords, n);
        const Ngrams right = isLetters ? letterNgrams(givenLetters, n) : wordNgrams(givenWords, n);
        // An order that the expected text is too short for says nothing about the answer.
        counts.orders[i] = {left.empty() ? 0 : total(right), total(left), common(left, right)};
    }
    return counts;
}

double chrfPlusPlus(const ChrfCounts &counts)
{
    constexpr double kRecallWeight = 4; // beta squared, beta 2
    double precision = 0, recall = 0;
    int orders = 0;
    for (const ChrfCounts::Order &order : counts.orders) {
        if (order.answer == 0 || order.expected == 0)
            continue;
        precision += static_cast<double>(order.common) / static_cast<double>(order.answer);
        recall += static_cast<double>(order.common) / static_cast<double>(order.expected);
        ++orders;
    }
    if (precision + recall == 0)
        return 0;
    precision /= orders;
    recall /= orders;
    return 100 * (1 + kRecallWeight) * precision * recall / (kRecallWeight * precision + recall);
}

BleuCounts &BleuCounts::operator+=(const BleuCounts &other)
{
    answerLength += other.answerLength;
    expectedLength += other.expectedLength;
    for (std::size_t i = 0; i < kOrders; ++i) {
        common[i] += other.common[i];
        answer[i] += other.answer[i];
    }
    return *this;
}

BleuCounts bleuCounts(std::string_view expected, std::string_view answer)
{
    const Words wanted = bleuWords(expected);
    const Words given = bleuWords(answer);
    BleuCounts counts;
    counts.expectedLength = static_cast<std::int64_t>(wanted.size());
    counts.answerLength = static_cast<std::int64_t>(given.size());
    for (std::size_t n = 1; n <= BleuCounts::kOrders; ++n) {
        const Ngrams right = wordNgrams(given, n);
        counts.answer[n - 1] = total(right);
        counts.common[n - 1] = common(wordNgrams(wanted, n), right);
    }
    return counts;
}

double bleu(const BleuCounts &counts, BleuOrder order)
{
    if (std::all_of(counts.common.begin(), counts.common.end(), [](std::int64_t count) { return count == 0; }))
        return 0;
    double logSum = 0;
    double halving = 1; // smoothing "exp": each order without a match counts half a match, then a quarter, ...
    std::size_t used = BleuCounts::kOrders;
    for (std::size_t n = 0; n < BleuCounts::kOrders; ++n) {
        if (counts.answer[n] == 0) {
            if (order == BleuOrder::Fixed)
                return 0; // an order without n-grams has precision 0
            break;
        }
        if (order == BleuOrder::Effective)
            used = n + 1;
        const auto all = static_cast<double>(counts.answer[n]);
        if (counts.common[n] == 0)
            halving *= 2;
        logSum += std::log(counts.common[n] == 0 ? 100.0 / (halving * all) : 100.0 * static_cast<double>(counts.common[n]) / all);
    }
    const double ratio = static_cast<double>(counts.expectedLength) / static_cast<double>(counts.answerLength);
    const double brevity = counts.answerLength < counts.expectedLength ? std::exp(1 - ratio) : 1.0;
    return brevity * std::exp(logSum / static_cast<double>(used));
}

} // namespace fettle::evaluate
