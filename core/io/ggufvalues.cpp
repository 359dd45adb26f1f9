// Decoding of GGUF metadata and look-up of tensors. Completeness of every value was checked when the file was opened.
#include "core/base/words.h"
#include "core/io/gguf.h"
#include "core/io/nearestnames.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace fettle::io {

namespace {

template <class T> T read(const std::byte *bytes)
{
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
}

std::optional<std::int64_t> integerAt(GgufType type, const std::byte *bytes)
{
    switch (type) {
    case GgufType::U8: return read<std::uint8_t>(bytes);
    case GgufType::I8: return read<std::int8_t>(bytes);
    case GgufType::U16: return read<std::uint16_t>(bytes);
    case GgufType::I16: return read<std::int16_t>(bytes);
    case GgufType::U32: return read<std::uint32_t>(bytes);
    case GgufType::I32: return read<std::int32_t>(bytes);
    case GgufType::I64: return read<std::int64_t>(bytes);
    case GgufType::Bool: return read<std::uint8_t>(bytes) != 0;
    case GgufType::U64: {
        const auto value = read<std::uint64_t>(bytes);
        if (value > static_cast<std::uint64_t>(INT64_MAX))
            return std::nullopt;
        return static_cast<std::int64_t>(value);
    }
    default: return std::nullopt;
    }
}

std::optional<double> numberAt(GgufType type, const std::byte *bytes)
{
    if (type == GgufType::F32)
        return read<float>(bytes);
    if (type == GgufType::F64)
        return read<double>(bytes);
    if (type == GgufType::Bool)
        return std::nullopt;
    const auto integer = integerAt(type, bytes);
    return integer ? std::optional(static_cast<double>(*integer)) : std::nullopt;
}

std::size_t elementBytes(const GgufValue &value)
{
    return value.count == 0 ? 0 : value.bytes.size() / value.count;
}

std::string textOf(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

const GgufValue *findValue(const Gguf &file, std::string_view key, bool isArray)
{
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end() || (found->second.type == GgufType::Array) != isArray)
        return nullptr;
    return &found->second;
}

tl::unexpected<Error> missing(const Gguf &file, std::string_view key, std::string_view kind)
{
    if (file.has(key)) {
        return fail(ErrorCode::BadInput, tr("\"{}\": the metadata \"{}\" is not {}.", file.path().string(), key, kind),
                    tr("Convert the model again with a present llama.cpp."));
    }
    return fail(ErrorCode::BadInput, tr("\"{}\": the metadata \"{}\" is missing.", file.path().string(), key),
                tr("Convert the model again with a present llama.cpp."));
}

} // namespace

std::optional<std::int64_t> Gguf::integer(std::string_view key) const
{
    const GgufValue *value = findValue(*this, key, false);
    return value != nullptr && value->type != GgufType::Bool ? integerAt(value->type, value->bytes.data()) : std::nullopt;
}

std::optional<double> Gguf::number(std::string_view key) const
{
    const GgufValue *value = findValue(*this, key, false);
    return value != nullptr && value->type != GgufType::String ? numberAt(value->type, value->bytes.data()) : std::nullopt;
}

std::optional<bool> Gguf::boolean(std::string_view key) const
{
    const GgufValue *value = findValue(*this, key, false);
    if (value == nullptr || value->type != GgufType::Bool)
        return std::nullopt;
    return read<std::uint8_t>(value->bytes.data()) != 0;
}

std::optional<std::string> Gguf::string(std::string_view key) const
{
    const GgufValue *value = findValue(*this, key, false);
    if (value == nullptr || value->type != GgufType::String)
        return std::nullopt;
    return textOf(value->bytes);
}

std::optional<std::vector<std::string>> Gguf::strings(std::string_view key) const
{
    const GgufValue *value = findValue(*this, key, true);
    if (value == nullptr || value->elementType != GgufType::String)
        return std::nullopt;
    std::vector<std::string> result;
    result.reserve(value->count);
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto length = read<std::uint64_t>(value->bytes.data() + at);
        result.push_back(textOf(value->bytes.subspan(at + 8, length)));
        at += 8 + length;
    }
    return result;
}

std::optional<std::vector<std::int64_t>> Gguf::integers(std::string_view key) const
{
    const GgufValue *value = findValue(*this, key, true);
    if (value == nullptr || value->elementType == GgufType::String)
        return std::nullopt;
    std::vector<std::int64_t> result;
    result.reserve(value->count);
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto element = integerAt(value->elementType, value->bytes.data() + i * elementBytes(*value));
        if (!element)
            return std::nullopt;
        result.push_back(*element);
    }
    return result;
}

std::optional<std::vector<float>> Gguf::floats(std::string_view key) const
{
    const GgufValue *value = findValue(*this, key, true);
    if (value == nullptr || value->elementType == GgufType::String)
        return std::nullopt;
    std::vector<float> result;
    result.reserve(value->count);
    for (std::uint64_t i = 0; i < value->count; ++i) {
        const auto element = numberAt(value->elementType, value->bytes.data() + i * elementBytes(*value));
        if (!element)
            return std::nullopt;
        result.push_back(static_cast<float>(*element));
    }
    return result;
}

std::uint64_t Gguf::arraySize(std::string_view key) const
{
    const GgufValue *value = findValue(*this, key, true);
    return value == nullptr ? 0 : value->count;
}

Result<std::int64_t> Gguf::requireInteger(std::string_view key) const
{
    if (const auto value = integer(key))
        return *value;
    return missing(*this, key, tr("a whole number"));
}

Result<std::string> Gguf::requireString(std::string_view key) const
{
    if (auto value = string(key))
        return *std::move(value);
    return missing(*this, key, "text");
}

const TensorEntry *Gguf::find(std::string_view name) const
{
    const auto found = m_index.find(std::string(name));
    return found == m_index.end() ? nullptr : &m_tensors[found->second];
}

Result<const TensorEntry *> Gguf::require(std::string_view name) const
{
    if (const TensorEntry *entry = find(name))
        return entry;
    return fail(ErrorCode::BadInput, tr("\"{}\" does not hold the tensor \"{}\".", m_path.string(), name),
                nearestNamesHint(m_tensors, name));
}

} // namespace fettle::io
