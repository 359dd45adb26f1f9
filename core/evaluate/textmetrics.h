// Does one answer agree with the expected one, and what kind of text is it? Pure functions of texts: no model, no tokenizer, no LibTorch.
// Any bytes are accepted; ill-formed UTF-8 counts as U+FFFD. Measures that compare counts of words and letters are in textoverlap.h.
#pragma once

#include "core/base/result.h"
#include "core/text/regex.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::evaluate {

// As the evaluation script of SQuAD 1.1 does it: lower case, without ASCII punctuation, without the articles a, an, the, single spaces.
[[nodiscard]] std::string normaliseAnswer(std::string_view text);
[[nodiscard]] bool isExactMatch(std::string_view expected, std::string_view answer);

// Whether the answer holds the phrase, whatever the case and the kind of space between the words. An empty phrase is in no answer.
[[nodiscard]] bool containsPhrase(std::string_view answer, std::string_view phrase);

// A regular expression (PCRE2) that people write to say what a right answer looks like; (?i) ignores case.
class AnswerPattern {
public:
    // Errors: Usage naming the pattern and the place in it.
    [[nodiscard]] static Result<AnswerPattern> compile(const std::string &pattern);
    // Errors: Usage where the search needs too much work (a pattern with nested repeats).
    [[nodiscard]] Result<bool> isFoundIn(std::string_view answer) const;

private:
    AnswerPattern(text::Regex regex, std::string pattern) : m_regex(std::move(regex)), m_pattern(std::move(pattern)) { }
    text::Regex m_regex;
    std::string m_pattern;
};

// Numbers as English texts write them: "1,250.5", "-3", "6e-3". In a range such as "3-5" the dash is no sign.
[[nodiscard]] std::vector<double> numbersIn(std::string_view text);
struct NumberTolerance {
    double absolute = 0;
    double relative = 1e-9; // of the expected number
};
// Compares the last number of both texts, where worked answers have their result. Nothing: no number is expected. False: the answer has none.
[[nodiscard]] std::optional<bool> numbersAgree(std::string_view expected, std::string_view answer, const NumberTolerance &tolerance = {});

// Words as Python's split(): separated by white space.
[[nodiscard]] std::vector<std::string> wordsOf(std::string_view text);
// Share of different n-grams of words among all those of the answers (Li et al. 2016, distinct-n): low where a model repeats itself.
[[nodiscard]] double distinctNgrams(std::span<const std::string> answers, std::size_t n);

// Whether an answer begins by declining: a list of English phrases, so other languages are not recognised.
[[nodiscard]] bool isRefusal(std::string_view answer);
// Whether the whole answer is one JSON text (RFC 8259): what a program that reads it would accept.
[[nodiscard]] bool isJson(std::string_view answer);

} // namespace fettle::evaluate
