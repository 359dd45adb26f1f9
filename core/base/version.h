// The program's version, from CMakeLists.txt: "0.1.0".
#pragma once

#include <string_view>

namespace fettle {

[[nodiscard]] std::string_view version();

} // namespace fettle
