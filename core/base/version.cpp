// The number is set in one place, CMakeLists.txt.
#include "core/base/version.h"

namespace fettle {

std::string_view version()
{
    return FETTLE_VERSION;
}

} // namespace fettle
