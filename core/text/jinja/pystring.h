// Python's str, as far as templates use it: all positions are code points, all classes of characters Python's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text::jinja {

[[nodiscard]] bool isPySpace(char32_t c); // str.isspace: White_Space and U+001C to U+001F
[[nodiscard]] std::string pyQuoted(std::string_view text); // repr

[[nodiscard]] std::string upper(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string casefold(std::string_view text);
[[nodiscard]] std::string swapcase(std::string_view text);
[[nodiscard]] std::string capitalize(std::string_view text);
[[nodiscard]] std::string title(std::string_view text);

enum class Ends { Left = 1, Right = 2, Both = 3 };
// chars: what is stripped; nothing given: spaces.
[[nodiscard]] std::string strip(std::string_view text, Ends ends, std::optional<std::string_view> chars = std::nullopt);

// most < 0: no limit. Without a separator runs of spaces separate and empty parts vanish.
[[nodiscard]] std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator, std::int64_t most);
[[nodiscard]] std::vector<std::string> splitFromRight(std::string_view text, std::optional<std::string_view> separator, std::int64_t most);
[[nodiscard]] std::vector<std::string> splitLines(std::string_view text, bool keepEnds = false);
// count < 0: all.
[[nodiscard]] std::string replaced(std::string_view text, std::string_view old, std::string_view by, std::int64_t count);

// Code-point slice text[begin:end] with both in [0, length].
[[nodiscard]] std::string sliced(std::string_view text, std::int64_t begin, std::int64_t end);
// Code point of the first (last) occurrence within [begin, end), -1 when there is none.
[[nodiscard]] std::int64_t findIn(std::string_view text, std::string_view part, std::int64_t begin, std::int64_t end, bool fromRight);
[[nodiscard]] std::int64_t countIn(std::string_view text, std::string_view part);

enum class Align { Left, Right, Center };
[[nodiscard]] std::string padded(std::string_view text, std::int64_t width, Align align, std::string_view fill = " ");
[[nodiscard]] std::string expandTabs(std::string_view text, std::int64_t size);

// isalpha, isdigit ...: nothing when there is no such method.
[[nodiscard]] std::optional<bool> isKind(std::string_view method, std::string_view text);

// <, >, &, ", ' as entities, as markupsafe writes them.
[[nodiscard]] std::string escapedHtml(std::string_view text);
[[nodiscard]] std::string urlQuoted(std::string_view text, bool forQuery);

} // namespace fettle::text::jinja
