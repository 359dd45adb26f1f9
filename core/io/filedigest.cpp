#include "core/io/filedigest.h"

#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/io/forgetpages.h"

#include <algorithm>

namespace fettle::io {

namespace {
constexpr std::size_t kPiece = 16 << 20; // between two looks at the stop token
}

Result<FileDigest> digestOfFile(const std::filesystem::path &file, const std::stop_token &stop)
{
    auto mapped = MappedFile::open(file);
    if (!mapped)
        return passError(mapped);
    Sha256 hash;
    const auto bytes = (*mapped)->bytes();
    for (std::size_t at = 0; at < bytes.size();) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Reading {} was stopped.", file.filename().string()));
        const auto piece = bytes.subspan(at, std::min(kPiece, bytes.size() - at));
        at += piece.size();
        (*mapped)->expectReading(bytes.subspan(at, std::min(kPiece, bytes.size() - at)));
        hash.update(piece);
        forgetPages(**mapped);
    }
    return FileDigest{static_cast<std::int64_t>(bytes.size()), hash.finishHex()};
}

} // namespace fettle::io
