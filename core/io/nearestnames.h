// Inside core/io: which of many names a person may have meant, for error messages.
#pragma once

#include "core/io/tensorfile.h"

#include <string>
#include <string_view>
#include <vector>

namespace fettle::io {

// A hint such as `The nearest names are "a" and "b".`: names that share the longest beginning or end with the wanted one.
[[nodiscard]] std::string nearestNamesHint(const std::vector<TensorEntry> &tensors, std::string_view wanted);

} // namespace fettle::io
