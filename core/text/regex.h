// Regular expressions of tokenizer files. They are written for Oniguruma; PCRE2 (with its JIT) runs them here, after \s has been spelled
// out, because the two disagree about what a space is.
#pragma once

#include "core/base/result.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text {

struct RegexMatch {
    std::size_t begin = 0;
    std::size_t end = 0; // bytes
};

class Regex {
public:
    // Errors: BadInput naming the pattern and the place in it.
    [[nodiscard]] static Result<Regex> compile(std::string_view pattern);
    // All matches from left to right, none overlapping. text must be valid UTF-8. Thread-safe. A search that needs too much work or
    // stack (a hostile pattern) gives an error.
    [[nodiscard]] Result<std::vector<RegexMatch>> findAll(std::string_view text) const;

private:
    struct Code;
    std::shared_ptr<const Code> m_code;
    std::string m_pattern;
};

} // namespace fettle::text
