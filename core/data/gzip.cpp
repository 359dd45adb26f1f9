#include "core/data/gzip.h"
#include "core/base/words.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <zlib.h>

namespace fettle::data {

namespace {

constexpr std::size_t kAlwaysAllowed = 64u << 20;
constexpr std::size_t kLargestGrowth = 200;
constexpr std::size_t kNeverAllowed = std::size_t{4} << 30;
constexpr int kGzipOnly = 16 + MAX_WBITS; // zlib's way to say: with the frame of gzip

class Inflater {
public:
    Inflater() { m_isReady = inflateInit2(&m_stream, kGzipOnly) == Z_OK; }
    ~Inflater() { inflateEnd(&m_stream); }
    Inflater(const Inflater &) = delete;
    Inflater &operator=(const Inflater &) = delete;
    [[nodiscard]] bool isReady() const { return m_isReady; }
    [[nodiscard]] z_stream &stream() { return m_stream; }

private:
    z_stream m_stream{};
    bool m_isReady = false;
};

tl::unexpected<Error> damaged(const std::string &name, std::string_view why)
{
    return fail(ErrorCode::BadInput, tr("Cannot unpack {}: {}.", name, why), tr("Copy or download the file again."));
}

} // namespace

bool isGzip(std::string_view bytes)
{
    return bytes.substr(0, 2) == "\x1f\x8b";
}

std::size_t unpackedLimit(std::size_t packedBytes)
{
    return std::min(kNeverAllowed, std::max(kAlwaysAllowed, packedBytes * kLargestGrowth));
}

Result<std::string> unpackGzip(std::string_view bytes, const std::string &name, std::stop_token stop)
{
    Inflater inflater;
    if (!inflater.isReady())
        return fail(ErrorCode::OutOfMemory, tr("Cannot unpack {}: there is not enough memory.", name), tr("Close other programs and try again."));
    z_stream &stream = inflater.stream();
    std::string text;
    std::array<char, 256 * 1024> buffer;
    const std::size_t limit = unpackedLimit(bytes.size());
    std::size_t place = 0;
    for (;;) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Reading {} was cancelled.", name), tr("Nothing was added."));
        const std::size_t given = std::min<std::size_t>(bytes.size() - place, 1u << 30); // zlib counts in 32 bits
        stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data() + place));
        stream.avail_in = static_cast<uInt>(given);
        stream.next_out = reinterpret_cast<Bytef *>(buffer.data());
        stream.avail_out = static_cast<uInt>(buffer.size());
        const int code = inflate(&stream, Z_NO_FLUSH);
        place += given - stream.avail_in;
        const std::size_t made = buffer.size() - stream.avail_out;
        if (text.size() + made > limit)
            return fail(ErrorCode::BadInput, tr("Cannot unpack {}: it would grow beyond {} MB, more than text does.", name, limit >> 20),
                        tr("If the file is what it should be, unpack it with another program and import the result."));
        text.append(buffer.data(), made);
        if (code == Z_STREAM_END) {
            // Zeros that fill up a tape block may follow; anything else is another member.
            if (bytes.find_first_not_of('\0', place) == std::string_view::npos)
                return text;
            if (!isGzip(bytes.substr(place)))
                return damaged(name, tr("bytes that are not gzip follow the packed text"));
            inflateReset(&stream);
        } else if (code == Z_BUF_ERROR || (code == Z_OK && made == 0 && place == bytes.size())) {
            return damaged(name, tr("its end is missing"));
        } else if (code != Z_OK) {
            return damaged(name, tr("it is damaged"));
        }
    }
}

} // namespace fettle::data
