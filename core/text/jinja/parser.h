// Jinja's grammar: tokens to statements and expressions, as jinja2's parser reads them.
#pragma once

#include "core/text/jinja/ast.h"

#include <string>

namespace fettle::text::jinja {

// Throws Failure with the line. source: valid UTF-8.
[[nodiscard]] Program parse(std::string source);

} // namespace fettle::text::jinja
