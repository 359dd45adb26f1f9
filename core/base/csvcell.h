// One cell of a CSV file.
#pragma once

#include <string>
#include <string_view>

namespace fettle {

// In quotation marks as RFC 4180 asks for, as valid UTF-8. A text that a spreadsheet would take for a formula begins with an apostrophe.
[[nodiscard]] std::string csvCell(std::string_view text);

} // namespace fettle
