#include "core/base/csvcell.h"

#include "core/base/utf8.h"

namespace fettle {

std::string csvCell(std::string_view text)
{
    std::string quoted = "\"";
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
        quoted += '\'';
    for (const char c : replaceInvalidUtf8(text)) {
        if (c == '"')
            quoted += '"';
        quoted += c;
    }
    return quoted += '"';
}

} // namespace fettle
