// How Python brings one value into a shape: width, fill, sign, digits. Shared by "%5.2f" and "{:5.2f}".
#pragma once

#include "core/text/jinja/engine.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace fettle::text::jinja {

inline constexpr std::int64_t kWidest = 1 << 20;

struct FormatSpec {
    std::string fill = " ";
    char align = 0; // < > ^ =, 0: the kind's own
    char sign = '-';
    bool alternate = false;
    char grouping = 0; // , or _
    std::int64_t width = 0;
    int precision = -1;
    char type = 0;
};

[[noreturn]] void badFormat(std::string what);
// Digits of a number that is not negative, without a sign.
[[nodiscard]] std::string floatDigits(double value, char type, int precision, bool alternate);
[[nodiscard]] std::string integerDigits(std::int64_t value, char type, bool alternate);
[[nodiscard]] std::string signOf(bool negative, char sign);
// sign and digits, brought to the width; zeros go between them.
[[nodiscard]] std::string numberPadded(const std::string &sign, const std::string &digits, const FormatSpec &spec);
// format(value, specification).
[[nodiscard]] std::string formatValue(Engine &engine, const Value &value, std::string_view specification);

} // namespace fettle::text::jinja
