// Visible words of core and command line. Written in English in the sources; tr() asks the translator that the program installed, in
// the form that Qt's lupdate collects. Knows no language and no Qt: the window hands its own translation in.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace fettle {

// The translation of an English text, or the text itself. Must be callable from any thread.
using Translator = std::string (*)(std::string_view english);

// Before the first text is made; nullptr goes back to English.
void setTranslator(Translator translator);

// One text without values; braces stand for themselves.
[[nodiscard]] std::string tr(std::string_view english);

// Fills values into a translation. A translation whose places do not fit the values is passed over for the English text: a mistake in it
// must not hide what went wrong.
[[nodiscard]] std::string fillTranslation(std::string_view english, fmt::format_args values);

// 1284 -> "1,284", as the window writes counts.
[[nodiscard]] std::string countText(std::int64_t count);

// A text with values, checked against them when it is compiled: tr("Cannot read \"{}\".", name).
template <class First, class... Rest>
[[nodiscard]] std::string tr(fmt::format_string<First, Rest...> english, First &&first, Rest &&...rest)
{
    const fmt::string_view text = english;
    return fillTranslation({text.data(), text.size()}, fmt::make_format_args(first, rest...));
}

} // namespace fettle
