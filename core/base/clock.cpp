// Local time with its distance to UTC, so that a project keeps its order on a journey.
#include "core/base/clock.h"

#include <ctime>
#include <fmt/format.h>
#include <string_view>

namespace fettle {

std::string isoNow()
{
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::tm local{};
    localtime_r(&now, &local);
    char text[40];
    std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &local);
    const std::string_view whole = text; // ends in +hhmm
    return fmt::format("{}:{}", whole.substr(0, whole.size() - 2), whole.substr(whole.size() - 2));
}

} // namespace fettle
