// Find and replace in one text: literal or by regular expression (PCRE2). Compiled once, used for many texts.
#pragma once

#include "core/base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace fettle::data {

struct Replacement {
    std::string find, with;
    bool isRegex = false; // then `with` may name groups ($1, ${name}) and \n, \t; ^ and $ are ends of lines
    bool isCaseSensitive = false;
    bool isWholeWords = false;
    // Where: user turns, assistant turns, system and tool turns, context, note.
    bool inQuestions = true, inAnswers = true, inOtherTurns = false, inContext = true, inNotes = false;
};

class Replacer {
public:
    // Errors: BadInput (nothing to look for; a pattern that is wrong, with the place in it).
    [[nodiscard]] static Result<Replacer> compile(const Replacement &replacement);
    // The whole text with every hit replaced; text must be valid UTF-8. Errors: BadInput (a `with` that names no group, a pattern that
    // needs too much work, a result of more than 64 MiB).
    [[nodiscard]] Result<std::string> apply(std::string_view text) const;

private:
    struct Code;
    std::shared_ptr<const Code> m_code;
    std::string m_with;
    std::uint32_t m_options = 0;
};

} // namespace fettle::data
