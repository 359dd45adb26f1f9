#include "core/base/caught.h"

#include "core/base/words.h"

#include <new>

namespace fettle {

Error errorOf(const std::exception &exception)
{
    if (dynamic_cast<const std::bad_alloc *>(&exception))
        return {ErrorCode::OutOfMemory, tr("The memory ran out."), tr("Close other programs, or use a smaller model or shorter records."), {}};
    return {ErrorCode::Internal, tr("Fettle met an error that it did not expect."), tr("Nothing that was saved is lost. Report it with the detail text."), exception.what()};
}

} // namespace fettle
