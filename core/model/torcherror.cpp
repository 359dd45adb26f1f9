// Tells memory failures from broken promises.
#include "core/model/torcherror.h"

#include "core/base/words.h"
#include "core/torch.h"

#include <fmt/format.h>
#include <new>
#include <string>

namespace fettle::model {

Error errorFromException(const std::exception &exception, std::string_view doing)
{
    if (dynamic_cast<const Stopped *>(&exception))
        return {ErrorCode::Cancelled, tr("It was stopped while {}.", doing), {}, {}};
    if (const auto *refused = dynamic_cast<const Refused *>(&exception))
        return refused->error();
    const auto *foreign = dynamic_cast<const c10::Error *>(&exception);
    std::string detail = foreign ? foreign->what_without_backtrace() : exception.what();
    const bool isMemory = dynamic_cast<const std::bad_alloc *>(&exception) || dynamic_cast<const c10::OutOfMemoryError *>(&exception)
        || detail.find("not enough memory") != std::string::npos || detail.find("DefaultCPUAllocator") != std::string::npos;
    if (isMemory) {
        return {ErrorCode::OutOfMemory, tr("The memory ran out while {}.", doing),
                tr("Use fewer tokens per micro-batch, shorter rows or a smaller model, or close other programs."), std::move(detail)};
    }
    return {ErrorCode::Internal, tr("An internal error stopped {}.", doing), tr("Report it with the detail text."), std::move(detail)};
}

} // namespace fettle::model
