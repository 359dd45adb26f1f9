// What a mix chooses from: the records that would be trained on, by the file that they came from and their tags, with what is learnt in them.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace fettle::store {
class Database;
}

namespace fettle::data {

struct MixGroup {
    std::string source; // without the line; "" for records that were written by hand
    std::vector<std::string> tags;
    std::int64_t records = 0, trainedTokens = 0; // tokens of the last answers, as far as they are not cut off
    std::int64_t unmeasured = 0;                 // records whose tokens are not counted yet
};

// Of records that are not rejected, have an answer and are neither held out nor kept for the test.
[[nodiscard]] Result<std::vector<MixGroup>> mixGroups(const store::Database &database, std::int64_t maxLength);

} // namespace fettle::data
