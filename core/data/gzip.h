// Unpacks gzip in memory, within bounds: a file that would grow beyond reason is refused before it has.
#pragma once

#include "core/base/result.h"

#include <stop_token>
#include <string>
#include <string_view>

namespace fettle::data {

[[nodiscard]] bool isGzip(std::string_view bytes);
// How large a packed file of this size may become: text shrinks to a tenth, seldom to a fiftieth; a bomb to a thousandth.
[[nodiscard]] std::size_t unpackedLimit(std::size_t packedBytes);
// All members of the file, one behind the other. name stands in messages. Errors: BadInput (damaged, cut off, a bomb), Cancelled.
[[nodiscard]] Result<std::string> unpackGzip(std::string_view bytes, const std::string &name, std::stop_token stop = {});

} // namespace fettle::data
