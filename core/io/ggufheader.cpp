// A cursor walks over the mapped header; every length is compared with the bytes that remain before it is used.
#include "core/io/ggufheader.h"

#include "core/base/words.h"
#include "core/io/foreignfile.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace fettle::io {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxTensors = 1 << 20, kMaxKeys = 1 << 16, kMaxNameBytes = 4096;
constexpr std::uint32_t kMaxDimensions = 4;
constexpr const char *kFetchAgain = "Fetch the file again; a broken download is the usual cause.";

// Bytes of one element; 0 for strings and arrays.
std::uint64_t fixedBytes(GgufType type)
{
    switch (type) {
    case GgufType::U8:
    case GgufType::I8:
    case GgufType::Bool: return 1;
    case GgufType::U16:
    case GgufType::I16: return 2;
    case GgufType::U32:
    case GgufType::I32:
    case GgufType::F32: return 4;
    case GgufType::U64:
    case GgufType::I64:
    case GgufType::F64: return 8;
    case GgufType::String:
    case GgufType::Array: break;
    }
    return 0;
}

// Numbers of tensor types (enum ggml_type).
std::optional<StorageType> storageType(std::uint32_t number)
{
    switch (number) {
    case 0: return StorageType::F32;
    case 1: return StorageType::F16;
    case 2: return StorageType::Q4_0;
    case 3: return StorageType::Q4_1;
    case 6: return StorageType::Q5_0;
    case 7: return StorageType::Q5_1;
    case 8: return StorageType::Q8_0;
    case 9: return StorageType::Q8_1;
    case 10: return StorageType::Q2_K;
    case 11: return StorageType::Q3_K;
    case 12: return StorageType::Q4_K;
    case 13: return StorageType::Q5_K;
    case 14: return StorageType::Q6_K;
    case 15: return StorageType::Q8_K;
    case 16: return StorageType::IQ2_XXS;
    case 17: return StorageType::IQ2_XS;
    case 18: return StorageType::IQ3_XXS;
    case 19: return StorageType::IQ1_S;
    case 20: return StorageType::IQ4_NL;
    case 21: return StorageType::IQ3_S;
    case 22: return StorageType::IQ2_S;
    case 23: return StorageType::IQ4_XS;
    case 24: return StorageType::I8;
    case 25: return StorageType::I16;
    case 26: return StorageType::I32;
    case 27: return StorageType::I64;
    case 28: return StorageType::F64;
    case 29: return StorageType::IQ1_M;
    case 30: return StorageType::BF16;
    case 34: return StorageType::TQ1_0;
    case 35: return StorageType::TQ2_0;
    case 39: return StorageType::MXFP4;
    case 40: return StorageType::NVFP4;
    case 41: return StorageType::Q1_0;
    default: return std::nullopt;
    }
}

class HeaderReader {
public:
    explicit HeaderReader(const MappedFile &file)
        : m_bytes(file.bytes())
        , m_path(file.path())
    {
    }

    Result<GgufHeader> read()
    {
        if (auto foreign = foreignFileError(m_path, m_bytes, ForeignKind::Gguf))
            return tl::unexpected(*std::move(foreign));
        GgufHeader header;
        std::uint32_t magic = 0;
        std::uint64_t tensors = 0, keys = 0;
        if (!take(magic) || std::memcmp(m_bytes.data(), "GGUF", 4) != 0)
            return broken(tr("it does not begin with the letters GGUF"));
        if (!take(header.version))
            return truncated(tr("the version"));
        if (header.version != 2 && header.version != 3) {
            if (header.version == 0x02000000 || header.version == 0x03000000)
                return broken(tr("it was written for big-endian computers"), tr("Use the little-endian file of the same model."));
            return broken(tr("it has version {}; versions 2 and 3 can be read", header.version),
                          tr("Convert the model again with a present llama.cpp."));
        }
        if (!take(tensors) || !take(keys))
            return truncated(tr("the counts"));
        // Each key takes at least 13 bytes, each tensor at least 33.
        if (keys > kMaxKeys || keys > left() / 13)
            return broken(tr("it claims {} metadata keys, more than it can hold", keys));
        if (tensors > kMaxTensors || tensors > left() / 33)
            return broken(tr("it claims {} tensors, more than it can hold", tensors));
        for (std::uint64_t i = 0; i < keys; ++i) {
            if (auto taken = takeKey(header); !taken)
                return passError(taken);
        }
        return readTensors(std::move(header), tensors);
    }

private:
    [[nodiscard]] tl::unexpected<Error> broken(const std::string &cause, const std::string &hint = tr(kFetchAgain)) const
    {
        return fail(ErrorCode::BadInput, tr("\"{}\" is not a usable GGUF file: {}.", m_path.string(), cause), hint);
    }
    [[nodiscard]] tl::unexpected<Error> truncated(std::string_view where) const
    {
        return broken(tr("it ends in the middle of {} (after {} bytes)", where, m_bytes.size()));
    }
    [[nodiscard]] std::uint64_t left() const { return m_bytes.size() - m_at; }

    template <class T> [[nodiscard]] bool take(T &value)
    {
        if (left() < sizeof(T))
            return false;
        std::memcpy(&value, m_bytes.data() + m_at, sizeof(T));
        m_at += sizeof(T);
        return true;
    }
    [[nodiscard]] bool takeBytes(std::uint64_t count, std::span<const std::byte> &bytes)
    {
        if (left() < count)
            return false;
        bytes = m_bytes.subspan(m_at, count);
        m_at += count;
        return true;
    }
    [[nodiscard]] bool takeString(std::span<const std::byte> &bytes)
    {
        std::uint64_t length = 0;
        return take(length) && takeBytes(length, bytes);
    }
    [[nodiscard]] Result<std::string> takeName(std::string_view what)
    {
        std::span<const std::byte> bytes;
        if (!takeString(bytes))
            return truncated(what);
        if (bytes.empty() || bytes.size() > kMaxNameBytes)
            return broken(tr("{} has {} bytes; 1 to {} are allowed", what, bytes.size(), kMaxNameBytes));
        return std::string(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    }

    Result<> takeKey(GgufHeader &header)
    {
        auto key = takeName(tr("the name of a metadata key"));
        if (!key)
            return passError(key);
        GgufValue value;
        std::uint32_t type = 0;
        if (!take(type))
            return truncated(tr("the metadata \"{}\"", *key));
        if (type > static_cast<std::uint32_t>(GgufType::F64))
            return broken(tr("the metadata \"{}\" has the unknown type {}", *key, type));
        value.type = static_cast<GgufType>(type);
        bool isComplete = false;
        if (value.type == GgufType::Array) {
            std::uint32_t elementType = 0;
            if (!take(elementType) || !take(value.count))
                return truncated(tr("the metadata \"{}\"", *key));
            if (elementType > static_cast<std::uint32_t>(GgufType::F64) || elementType == static_cast<std::uint32_t>(GgufType::Array))
                return broken(tr("the list \"{}\" has elements of the unknown type {}", *key, elementType));
            value.elementType = static_cast<GgufType>(elementType);
            isComplete = takeElements(value);
        } else if (value.type == GgufType::String) {
            isComplete = takeString(value.bytes);
        } else {
            isComplete = takeBytes(fixedBytes(value.type), value.bytes);
        }
        if (!isComplete)
            return truncated(tr("the metadata \"{}\"", *key));
        if (!header.metadata.emplace(*key, value).second)
            return broken(tr("the metadata \"{}\" occurs twice", *key));
        return {};
    }

    [[nodiscard]] bool takeElements(GgufValue &value)
    {
        if (value.elementType != GgufType::String) {
            const std::uint64_t size = fixedBytes(value.elementType);
            return value.count <= left() / size && takeBytes(value.count * size, value.bytes);
        }
        if (value.count > left() / 8)
            return false;
        const std::uint64_t begin = m_at;
        for (std::uint64_t i = 0; i < value.count; ++i) {
            std::span<const std::byte> ignored;
            if (!takeString(ignored))
                return false;
        }
        value.bytes = m_bytes.subspan(begin, m_at - begin);
        return true;
    }

    Result<GgufHeader> readTensors(GgufHeader header, std::uint64_t count)
    {
        std::uint64_t alignment = 32;
        if (const auto found = header.metadata.find("general.alignment"); found != header.metadata.end()) {
            std::uint32_t value = 0;
            if (found->second.type == GgufType::U32)
                std::memcpy(&value, found->second.bytes.data(), 4);
            if (value == 0 || value % 8 != 0 || value > (1u << 24) || (value & (value - 1)) != 0)
                return broken(tr("its general.alignment is not a power of two from 8 on"));
            alignment = value;
        }
        std::vector<std::uint64_t> offsets;
        offsets.reserve(count);
        header.tensors.reserve(count);
        for (std::uint64_t i = 0; i < count; ++i) {
            auto entry = takeTensor();
            if (!entry)
                return passError(entry);
            header.tensors.push_back(std::move(entry->first));
            offsets.push_back(entry->second);
        }
        // The data begin at the next multiple of the alignment; a file without tensors may end before it.
        const std::uint64_t begin = std::min<std::uint64_t>((m_at + alignment - 1) / alignment * alignment, m_bytes.size());
        if (auto placed = placeTensors(header.tensors, offsets, m_bytes.subspan(begin), alignment); !placed)
            return passError(placed);
        return header;
    }

    Result<std::pair<TensorEntry, std::uint64_t>> takeTensor()
    {
        auto name = takeName(tr("the name of a tensor"));
        if (!name)
            return passError(name);
        const auto bad = [&](const std::string &cause) { return broken(tr("tensor \"{}\" {}", name->substr(0, 200), cause)); };
        std::uint32_t dimensions = 0, number = 0;
        std::uint64_t offset = 0;
        if (!take(dimensions))
            return truncated(tr("the list of tensors"));
        if (dimensions > kMaxDimensions)
            return bad(tr("has {} dimensions; at most {} are allowed", dimensions, kMaxDimensions));
        std::vector<std::int64_t> shape(dimensions);
        for (std::uint32_t i = 0; i < dimensions; ++i) {
            std::uint64_t size = 0;
            if (!take(size))
                return truncated(tr("the list of tensors"));
            if (size > static_cast<std::uint64_t>(INT64_MAX))
                return bad(tr("has an impossible dimension"));
            shape[dimensions - 1 - i] = static_cast<std::int64_t>(size); // ggml writes the row length first
        }
        if (!take(number) || !take(offset))
            return truncated(tr("the list of tensors"));
        const auto type = storageType(number);
        if (!type)
            return bad(tr("has the unknown type number {}", number));
        return std::pair(TensorEntry{*std::move(name), *type, std::move(shape), {}}, offset);
    }

    Result<> placeTensors(std::vector<TensorEntry> &tensors, const std::vector<std::uint64_t> &offsets, std::span<const std::byte> data,
                          std::uint64_t alignment) const
    {
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            TensorEntry &entry = tensors[i];
            const auto bad = [&](const std::string &cause) {
                return broken(tr("tensor \"{}\" {}", entry.name.substr(0, 200), cause));
            };
            const auto size = storedBytes(entry.type, entry.shape);
            if (!size)
                return bad(
                    tr("has the shape {}, which is impossible for the type {}", shapeText(entry.shape), nameOf(entry.type)));
            if (offsets[i] % alignment != 0)
                return bad(tr("begins at byte {}, which is not a multiple of {}", offsets[i], alignment));
            if (offsets[i] > data.size() || static_cast<std::uint64_t>(*size) > data.size() - offsets[i]) {
                return bad(
                    tr("needs {} bytes from byte {} on, but the file has only {} bytes of data", *size, offsets[i], data.size()));
            }
            entry.bytes = data.subspan(offsets[i], static_cast<std::size_t>(*size));
        }
        std::vector<const TensorEntry *> ordered;
        for (const TensorEntry &entry : tensors) {
            if (!entry.bytes.empty())
                ordered.push_back(&entry);
        }
        std::sort(ordered.begin(), ordered.end(),
                  [](const TensorEntry *a, const TensorEntry *b) { return a->bytes.data() < b->bytes.data(); });
        // Between two tensors there is padding and nothing else, as ggml demands.
        std::uint64_t expected = 0;
        for (const TensorEntry *entry : ordered) {
            const auto begin = static_cast<std::uint64_t>(entry->bytes.data() - data.data());
            if (begin < expected)
                return broken(tr("the data of tensor \"{}\" overlap another tensor", entry->name));
            if (begin > expected)
                return broken(tr("{} bytes before tensor \"{}\" belong to no tensor", begin - expected, entry->name));
            expected = (begin + entry->bytes.size() + alignment - 1) / alignment * alignment;
        }
        if (data.size() > expected)
            return broken(tr("{} bytes after the last tensor belong to no tensor", data.size() - expected));
        return {};
    }

    std::span<const std::byte> m_bytes;
    std::uint64_t m_at = 0;
    const fs::path &m_path;
};

} // namespace

Result<GgufHeader> readGgufHeader(const MappedFile &file)
{
    return HeaderReader(file).read();
}

} // namespace fettle::io
