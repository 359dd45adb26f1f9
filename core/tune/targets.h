// Which modules an adapter goes to: PEFT's rules for target_modules, layers_to_transform, rank_pattern and alpha_pattern
// (peft/tuners/tuners_utils.py check_target_module_exists, peft/utils/other.py get_pattern_key). Knows names only.
#pragma once

#include "core/base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace fettle::tune {

// Whether a regular expression matches the whole text (Python's re.fullmatch). Errors: BadInput naming the expression.
[[nodiscard]] Result<bool> fullMatch(const std::string &pattern, std::string_view text);
// Whether a key of rank_pattern or alpha_pattern means this module: `(.*\.)?(key)$` from the start.
[[nodiscard]] Result<bool> patternMatches(const std::string &key, std::string_view modulePath);

} // namespace fettle::tune
