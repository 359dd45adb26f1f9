// The header is small and made as a whole; data stream through one buffer of 4 MB.
#include "core/io/ggufwriter.h"

#include "core/base/caught.h"
#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/quantise.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <thread>
#include <type_traits>

namespace fettle::io {

namespace {

constexpr std::int64_t kPieceValues = 1 << 20; // converted at a time: 4 MB of fp32

template <class T> void put(std::string &out, T value)
{
    out.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

void putText(std::string &out, std::string_view text)
{
    put(out, static_cast<std::uint64_t>(text.size()));
    out.append(text);
}

template <class T> constexpr GgufType typeOf()
{
    if constexpr (std::is_same_v<T, std::uint8_t>)
        return GgufType::U8;
    else if constexpr (std::is_same_v<T, std::int8_t>)
        return GgufType::I8;
    else if constexpr (std::is_same_v<T, std::uint16_t>)
        return GgufType::U16;
    else if constexpr (std::is_same_v<T, std::int16_t>)
        return GgufType::I16;
    else if constexpr (std::is_same_v<T, std::uint32_t>)
        return GgufType::U32;
    else if constexpr (std::is_same_v<T, std::int32_t>)
        return GgufType::I32;
    else if constexpr (std::is_same_v<T, float>)
        return GgufType::F32;
    else if constexpr (std::is_same_v<T, bool>)
        return GgufType::Bool;
    else if constexpr (std::is_same_v<T, std::string>)
        return GgufType::String;
    else if constexpr (std::is_same_v<T, std::uint64_t>)
        return GgufType::U64;
    else if constexpr (std::is_same_v<T, std::int64_t>)
        return GgufType::I64;
    else
        return GgufType::F64;
}

template <class T> void putType(std::string &out)
{
    put(out, static_cast<std::uint32_t>(typeOf<T>()));
}

void putRaw(std::string &out, const GgufValue &value)
{
    put(out, static_cast<std::uint32_t>(value.type));
    const std::string_view bytes(reinterpret_cast<const char *>(value.bytes.data()), value.bytes.size());
    if (value.type == GgufType::String)
        return putText(out, bytes);
    if (value.type == GgufType::Array) {
        put(out, static_cast<std::uint32_t>(value.elementType));
        put(out, value.count);
    }
    out.append(bytes);
}

void putValue(std::string &out, const GgufWriteValue &value)
{
    std::visit(
        [&](const auto &content) {
            using T = std::decay_t<decltype(content)>;
            if constexpr (std::is_same_v<T, GgufValue>) {
                putRaw(out, content);
            } else if constexpr (std::is_same_v<T, std::string>) {
                putType<T>(out);
                putText(out, content);
            } else if constexpr (std::is_arithmetic_v<T>) {
                putType<T>(out);
                put(out, content);
            } else {
                using Element = typename T::value_type;
                put(out, static_cast<std::uint32_t>(GgufType::Array));
                putType<Element>(out);
                put(out, static_cast<std::uint64_t>(content.size()));
                for (const Element &element : content) {
                    if constexpr (std::is_same_v<Element, std::string>)
                        putText(out, element);
                    else
                        put(out, element);
                }
            }
        },
        value);
}

// Numbers of ggml_type of what can be written here.
std::optional<std::uint32_t> numberOf(const GgufTensor &tensor)
{
    switch (tensor.type) {
    case StorageType::F32: return 0;
    case StorageType::F16: return 1;
    case StorageType::Q4_0: return 2;
    case StorageType::Q4_1: return 3;
    case StorageType::Q5_0: return 6;
    case StorageType::Q5_1: return 7;
    case StorageType::Q8_0: return 8;
    case StorageType::Q2_K: return 10;
    case StorageType::Q3_K: return 11;
    case StorageType::Q4_K: return 12;
    case StorageType::Q5_K: return 13;
    case StorageType::Q6_K: return 14;
    case StorageType::I8: return 24;
    case StorageType::I16: return 25;
    case StorageType::I32: return 26;
    case StorageType::I64: return 27;
    case StorageType::F64: return 28;
    case StorageType::BF16: return 30;
    default: return std::nullopt;
    }
}

Result<> checkTensors(const std::vector<GgufTensor> &tensors, const std::filesystem::path &file)
{
    std::set<std::string_view> names;
    for (const GgufTensor &tensor : tensors) {
        const auto bad = [&](std::string_view cause) {
            return fail(ErrorCode::BadInput, tr("Cannot write \"{}\": tensor \"{}\" {}.", file.string(), tensor.name, cause),
                        tr("Choose F32, F16 or BF16, which hold every model."));
        };
        if (tensor.name.empty() || tensor.name.size() > 63)
            return bad(tr("has a name of no or more than 63 bytes"));
        if (!names.insert(tensor.name).second)
            return bad(tr("occurs twice"));
        if (tensor.shape.empty() || tensor.shape.size() > 4)
            return bad(tr("has {} dimensions", tensor.shape.size()));
        const auto size = storedBytes(tensor.type, tensor.shape);
        if (!size)
            return bad(
                tr("has the shape {}, which does not fill whole blocks of {}", shapeText(tensor.shape), nameOf(tensor.type)));
        if (!numberOf(tensor) || (tensor.readRows && !canEncode(tensor.type)))
            return bad(tr("cannot be written as {}", nameOf(tensor.type)));
        if (!tensor.readRows && *size != static_cast<std::int64_t>(tensor.bytes.size()))
            return bad(tr("has shape {} but {} bytes", shapeText(tensor.shape), tensor.bytes.size()));
    }
    return {};
}

// Whole rows on all cores: the search for the best scales of a block takes longer than the disk.
Result<> encodeRows(StorageType type, std::int64_t rows, std::span<const float> values, std::span<std::byte> bytes)
{
    const std::int64_t threads = std::min<std::int64_t>(rows, type == StorageType::F32 ? 1 : std::clamp(std::thread::hardware_concurrency(), 1u, 32u));
    if (threads <= 1)
        return encodeFloats(type, values, bytes);
    const auto width = static_cast<std::int64_t>(values.size()) / rows, rowBytes = static_cast<std::int64_t>(bytes.size()) / rows;
    std::vector<Result<>> results(static_cast<std::size_t>(threads));
    {
        std::vector<std::jthread> workers;
        for (std::int64_t i = 0; i < threads; ++i) {
            const std::int64_t first = rows * i / threads, count = rows * (i + 1) / threads - first;
            const auto part = values.subspan(static_cast<std::size_t>(first * width), static_cast<std::size_t>(count * width));
            const auto target = bytes.subspan(static_cast<std::size_t>(first * rowBytes), static_cast<std::size_t>(count * rowBytes));
            workers.emplace_back([&results, i, type, part, target] { results[static_cast<std::size_t>(i)] = caught([&] { return encodeFloats(type, part, target); }); });
        }
    }
    for (auto &result : results)
        if (!result)
            return result;
    return {};
}

Result<> writeRows(AtomicFile &output, const GgufTensor &tensor, const std::stop_token &stop)
{
    const TensorEntry entry{tensor.name, tensor.type, tensor.shape, {}};
    const std::int64_t width = entry.rowValues();
    const std::int64_t rowBytes = width / blockValues(tensor.type) * blockBytes(tensor.type);
    const std::int64_t rowsAtOnce = std::max<std::int64_t>(1, kPieceValues / std::max<std::int64_t>(1, width));
    std::vector<float> values;
    std::vector<std::byte> bytes;
    for (std::int64_t row = 0; row < entry.rows(); row += rowsAtOnce) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Writing the model was stopped."));
        const std::int64_t count = std::min(rowsAtOnce, entry.rows() - row);
        values.resize(static_cast<std::size_t>(count * width));
        bytes.resize(static_cast<std::size_t>(count * rowBytes));
        if (auto read = tensor.readRows(row, count, values); !read)
            return read;
        if (auto encoded = encodeRows(tensor.type, count, values, bytes); !encoded) {
            encoded.error().message = tr("Tensor \"{}\": {}", tensor.name, encoded.error().message);
            return encoded;
        }
        if (auto written = output.write(std::span<const std::byte>(bytes)); !written)
            return written;
    }
    return {};
}

} // namespace

Result<> writeGguf(const std::filesystem::path &file, const std::vector<GgufPair> &metadata, const std::vector<GgufTensor> &tensors,
                   std::stop_token stop)
{
    if (auto checked = checkTensors(tensors, file); !checked)
        return checked;
    std::uint64_t alignment = 32;
    std::set<std::string_view> keys;
    std::string header = "GGUF";
    put(header, std::uint32_t{3});
    put(header, static_cast<std::uint64_t>(tensors.size()));
    put(header, static_cast<std::uint64_t>(metadata.size()));
    for (const auto &[key, value] : metadata) {
        if (key.empty() || !keys.insert(key).second)
            return fail(ErrorCode::BadInput,
                        tr("Cannot write \"{}\": the metadata key \"{}\" is empty or occurs twice.", file.string(), key));
        if (key == "general.alignment" && std::holds_alternative<std::uint32_t>(value))
            alignment = std::max<std::uint64_t>(8, std::get<std::uint32_t>(value));
        putText(header, key);
        putValue(header, value);
    }
    const auto padding = [&](std::uint64_t size) { return (alignment - size % alignment) % alignment; };
    std::uint64_t offset = 0;
    for (const GgufTensor &tensor : tensors) {
        putText(header, tensor.name);
        put(header, static_cast<std::uint32_t>(tensor.shape.size()));
        for (auto dimension = tensor.shape.rbegin(); dimension != tensor.shape.rend(); ++dimension)
            put(header, static_cast<std::uint64_t>(*dimension));
        put(header, *numberOf(tensor));
        put(header, offset);
        const auto size = static_cast<std::uint64_t>(*storedBytes(tensor.type, tensor.shape));
        offset += size + padding(size);
    }
    header.append(padding(header.size()), '\0');

    auto output = AtomicFile::create(file);
    if (!output)
        return passError(output);
    if (auto written = output->write(header); !written)
        return written;
    for (const GgufTensor &tensor : tensors) {
        if (auto written = tensor.readRows ? writeRows(*output, tensor, stop) : output->write(tensor.bytes); !written)
            return written;
        const auto size = static_cast<std::uint64_t>(*storedBytes(tensor.type, tensor.shape));
        if (auto written = output->write(std::string(padding(size), '\0')); !written)
            return written;
    }
    return output->commit();
}

} // namespace fettle::io
