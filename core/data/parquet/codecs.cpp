// Snappy: google/snappy, format_description.txt. LZ4: lz4_Block_format.md.
#include "core/data/parquet/codecs.h"

#include "core/base/words.h"

#include <algorithm>
#include <fmt/format.h>
#include <zlib.h>
#ifdef FETTLE_WITH_ZSTD
#include <zstd.h>
#endif

namespace fettle::data::parquet {

namespace {

[[noreturn]] void damaged()
{
    throw Damage{tr("a packed page is damaged")};
}

// Bytes from the front, checked.
class Input {
public:
    explicit Input(std::string_view bytes) : m_bytes(bytes) { }
    [[nodiscard]] bool isAtEnd() const { return m_bytes.empty(); }
    std::uint32_t number(std::size_t bytes)
    {
        std::uint32_t value = 0;
        const std::string_view part = take(bytes);
        for (std::size_t i = 0; i < bytes; ++i)
            value |= static_cast<std::uint32_t>(static_cast<unsigned char>(part[i])) << (8 * i);
        return value;
    }
    std::string_view take(std::size_t bytes)
    {
        if (bytes > m_bytes.size())
            damaged();
        const std::string_view part = m_bytes.substr(0, bytes);
        m_bytes.remove_prefix(bytes);
        return part;
    }

private:
    std::string_view m_bytes;
};

void append(std::string &text, std::string_view part, std::size_t size)
{
    if (part.size() > size - text.size())
        damaged();
    text += part;
}

// The copy may reach into itself: "ab" with distance 2 and length 6 becomes "ababab".
void copyBack(std::string &text, std::size_t distance, std::size_t length, std::size_t size)
{
    if (distance == 0 || distance > text.size() || length > size - text.size())
        damaged();
    for (std::size_t left = length; left > 0;) {
        const std::size_t part = std::min(left, distance);
        text.append(text, text.size() - distance, part);
        left -= part;
    }
}

std::string unpackSnappy(std::string_view bytes, std::size_t size)
{
    Input input(bytes);
    std::uint64_t stated = 0;
    for (int shift = 0;; shift += 7) {
        const std::uint32_t byte = input.number(1);
        stated |= static_cast<std::uint64_t>(byte & 127) << shift;
        if (byte < 128)
            break;
        if (shift >= 28)
            damaged();
    }
    if (stated != size)
        damaged();
    std::string text;
    text.reserve(size);
    while (!input.isAtEnd()) {
        const std::uint32_t tag = input.number(1);
        const std::uint32_t upper = tag >> 2;
        switch (tag & 3) {
        case 0: append(text, input.take((upper < 60 ? upper : input.number(upper - 59)) + std::size_t{1}), size); break;
        case 1: copyBack(text, (tag >> 5) << 8 | input.number(1), 4 + (upper & 7), size); break;
        case 2: copyBack(text, input.number(2), upper + 1, size); break;
        default: copyBack(text, input.number(4), upper + 1, size); break;
        }
    }
    return text;
}

std::string unpackLz4(std::string_view bytes, std::size_t size)
{
    Input input(bytes);
    std::string text;
    text.reserve(size);
    const auto length = [&](std::size_t first) {
        std::size_t sum = first;
        if (first == 15) {
            std::uint32_t more = 255;
            for (; more == 255; sum += more) {
                more = input.number(1);
                if (sum > size)
                    damaged();
            }
        }
        return sum;
    };
    while (!input.isAtEnd()) {
        const std::uint32_t token = input.number(1);
        append(text, input.take(length(token >> 4)), size);
        if (input.isAtEnd())
            break; // the last sequence has no copy
        const std::size_t distance = input.number(2);
        copyBack(text, distance, length(token & 15) + 4, size);
    }
    return text;
}

std::string unpackGzipPage(std::string_view bytes, std::size_t size)
{
    z_stream stream{};
    if (inflateInit2(&stream, 32 + MAX_WBITS) != Z_OK) // gzip or zlib, as it comes
        damaged();
    std::string text(size + 1, '\0'); // one more, so that the end of the stream is reached
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size()); // pages have less than 2 GiB
    stream.next_out = reinterpret_cast<Bytef *>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    const int code = inflate(&stream, Z_FINISH);
    text.resize(stream.total_out);
    inflateEnd(&stream);
    if (code != Z_STREAM_END)
        damaged();
    return text;
}

std::string unpackZstd([[maybe_unused]] std::string_view bytes, [[maybe_unused]] std::size_t size)
{
#ifdef FETTLE_WITH_ZSTD
    std::string text(size, '\0');
    const std::size_t made = ZSTD_decompress(text.data(), size, bytes.data(), bytes.size());
    if (ZSTD_isError(made) != 0U || made != size)
        damaged();
    return text;
#else
    throw Damage{tr("its pages are packed with Zstandard, and this Fettle was built without it (Debian: libzstd-dev)")};
#endif
}

} // namespace

std::string unpack(std::int64_t codec, std::string_view bytes, std::size_t size)
{
    std::string text;
    switch (static_cast<Codec>(codec)) {
    case Codec::None: text = bytes; break;
    case Codec::Snappy: text = unpackSnappy(bytes, size); break;
    case Codec::Gzip: text = unpackGzipPage(bytes, size); break;
    case Codec::Zstd: text = unpackZstd(bytes, size); break;
    case Codec::Lz4Raw: text = unpackLz4(bytes, size); break;
    default: {
        constexpr const char *kNames[] = {"", "", "", "LZO", "Brotli", "LZ4 with Hadoop's frames"};
        const bool isKnown = codec >= 3 && codec <= 5;
        throw Damage{isKnown ? tr("its pages are packed with {}", kNames[codec]) : tr("its pages are packed in a way that is not known ({})", codec)};
    }
    }
    if (text.size() != size)
        damaged();
    return text;
}

std::string packGzip(std::string_view bytes)
{
    z_stream stream{};
    // The arguments cannot be wrong, and without memory the program ends elsewhere as well.
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
    std::string packed(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef *>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

} // namespace fettle::data::parquet
