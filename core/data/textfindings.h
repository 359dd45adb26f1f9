// Signs in one text that it was not written for its reader: phrases of chat assistants, placeholders nobody filled in, marks that are
// opened and never closed. Word lists in several languages; nothing here needs another record.
#pragma once

#include "core/data/record.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace fettle::data {

// Grows when a check changes: what was found by an older one is looked for again (see recheckTexts).
inline constexpr int kTextChecks = 2;

// "As an AI language model, ...", "my knowledge cutoff": what another model said about itself.
[[nodiscard]] bool hasBoilerplate(std::string_view answer);
// Without the sentences that hold it. May be empty.
[[nodiscard]] std::string withoutBoilerplate(std::string_view answer);

// "Lorem ipsum", "TODO", "[insert name]", "{{customer}}", "asdf".
[[nodiscard]] bool hasPlaceholder(std::string_view text);

// A code fence, a tag of HTML or of a model (<think>, <tool_call>) that is opened and not closed, or closed and not opened. Code is left out.
[[nodiscard]] bool hasUnbalancedMarkup(std::string_view text);

// Characters that were read in the wrong encoding, as far as that can be turned back; control characters go.
[[nodiscard]] std::string repairedEncoding(std::string_view text);

// Bits of the findings that the text of a record alone gives: Empty, OddEncoding, Boilerplate, PersonalData, Placeholder, UnbalancedMarkup.
[[nodiscard]] std::int64_t textFlags(const Record &record);

} // namespace fettle::data
