// Questions about the text of one record that need no other record: is it empty, does it look wrongly decoded. And the normal form in
// which questions and answers are compared.
#pragma once

#include "core/data/record.h"

#include <string>
#include <string_view>

namespace fettle::data {

// Only white space, or nothing.
[[nodiscard]] bool isBlank(std::string_view utf8);
// The first user turn (with the context) or the last assistant turn is blank or missing. A turn with tool calls is not empty.
[[nodiscard]] bool isEmptyPair(const Record &record);

// Signs that bytes were read in the wrong encoding: replacement characters, control characters (but tab and line ends), UTF-8 that was
// read as Windows-1252 ("Ã¼", "â€™").
[[nodiscard]] bool hasOddEncoding(std::string_view utf8);
[[nodiscard]] bool hasOddEncoding(const Record &record);

// Compatibility form (NFKC), case folded, white space runs as one space, no space and no punctuation at the ends. Never stored, only compared.
[[nodiscard]] std::string normalForm(std::string_view utf8);

} // namespace fettle::data
