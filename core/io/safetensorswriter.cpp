// Writing safetensors with the bytes that the reference library (0.4 to 0.8) gives for the same tensors: wider types first, then names;
// compact JSON in the order of the data; padded with spaces to eight bytes.
#include "core/io/safetensorswriter.h"

#include "core/base/words.h"
#include "core/io/atomicfile.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <set>

namespace fettle::io {

namespace {

// Rank of a type in the library's order; the highest is written first.
int rankOf(StorageType type)
{
    constexpr StorageType kRising[] = {StorageType::Bool, StorageType::U8,  StorageType::I8,  StorageType::F8_E5M2, StorageType::F8_E4M3,
                                       StorageType::I16,  StorageType::U16, StorageType::F16, StorageType::BF16,    StorageType::I32,
                                       StorageType::U32,  StorageType::F32, StorageType::F64, StorageType::I64,     StorageType::U64};
    const auto *found = std::find(std::begin(kRising), std::end(kRising), type);
    return found == std::end(kRising) ? -1 : static_cast<int>(found - std::begin(kRising));
}

std::string quoted(const std::string &text)
{
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<> checkTensors(const std::vector<const TensorToWrite *> &tensors, const std::filesystem::path &file)
{
    std::set<std::string_view> names;
    for (const TensorToWrite *tensor : tensors) {
        const auto bad = [&](std::string_view cause) {
            return fail(ErrorCode::Internal, tr("Cannot write \"{}\": tensor \"{}\" {}.", file.string(), tensor->name, cause));
        };
        if (rankOf(tensor->type) < 0)
            return bad(tr("has the type {}, which safetensors does not know", nameOf(tensor->type)));
        if (tensor->name == "__metadata__" || !names.insert(tensor->name).second)
            return bad(tr("has a name that is taken"));
        const auto size = storedBytes(tensor->type, tensor->shape);
        if (!size || (!tensor->read && *size != static_cast<std::int64_t>(tensor->bytes.size())))
            return bad(tr("has shape {} but {} bytes", shapeText(tensor->shape), tensor->bytes.size()));
    }
    return {};
}

std::string headerText(const std::vector<const TensorToWrite *> &tensors, const std::map<std::string, std::string> &metadata)
{
    std::vector<std::string> parts;
    if (!metadata.empty()) {
        std::vector<std::string> pairs;
        for (const auto &[key, value] : metadata)
            pairs.push_back(quoted(key) + ":" + quoted(value));
        parts.push_back(fmt::format("\"__metadata__\":{{{}}}", fmt::join(pairs, ",")));
    }
    std::size_t offset = 0;
    for (const TensorToWrite *tensor : tensors) {
        const std::size_t end = offset + static_cast<std::size_t>(*storedBytes(tensor->type, tensor->shape)); // checked
        parts.push_back(fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", quoted(tensor->name),
                                    nameOf(tensor->type), fmt::join(tensor->shape, ","), offset, end));
        offset = end;
    }
    std::string header = fmt::format("{{{}}}", fmt::join(parts, ","));
    header.append((8 - header.size() % 8) % 8, ' ');
    return header;
}

Result<> writePieces(AtomicFile &output, std::span<const std::byte> bytes, const std::filesystem::path &file, const std::stop_token &stop)
{
    constexpr std::size_t kPieceBytes = 4 << 20;
    while (!bytes.empty()) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Writing \"{}\" was cancelled.", file.string()), tr("Nothing was written."));
        const auto piece = bytes.first(std::min(kPieceBytes, bytes.size()));
        if (auto written = output.write(piece); !written)
            return written;
        bytes = bytes.subspan(piece.size());
    }
    return {};
}

} // namespace

Result<> writeSafetensors(const std::filesystem::path &file, const std::vector<TensorToWrite> &tensors,
                          const std::map<std::string, std::string> &metadata)
{
    return writeSafetensors(file, tensors, metadata, {});
}

Result<> writeSafetensors(const std::filesystem::path &file, const std::vector<TensorToWrite> &tensors, const std::map<std::string, std::string> &metadata,
                          const std::stop_token &stop)
{
    std::vector<const TensorToWrite *> ordered;
    for (const TensorToWrite &tensor : tensors)
        ordered.push_back(&tensor);
    std::sort(ordered.begin(), ordered.end(), [](const TensorToWrite *a, const TensorToWrite *b) {
        return std::pair(-rankOf(a->type), std::string_view(a->name)) < std::pair(-rankOf(b->type), std::string_view(b->name));
    });
    if (auto checked = checkTensors(ordered, file); !checked)
        return checked;
    const std::string header = headerText(ordered, metadata);
    const std::uint64_t length = header.size();

    auto output = AtomicFile::create(file);
    if (!output)
        return passError(output);
    if (auto written = output->write(std::as_bytes(std::span(&length, 1))); !written)
        return written;
    if (auto written = output->write(header); !written)
        return written;
    for (const TensorToWrite *tensor : ordered) {
        std::span<const std::byte> bytes = tensor->bytes;
        if (tensor->read) {
            auto made = tensor->read();
            if (!made)
                return passError(made);
            bytes = *made;
            if (static_cast<std::int64_t>(bytes.size()) != *storedBytes(tensor->type, tensor->shape))
                return fail(ErrorCode::Internal, tr("Cannot write \"{}\": tensor \"{}\" {}.", file.string(), tensor->name, tr("has shape {} but {} bytes", shapeText(tensor->shape), bytes.size())));
        }
        if (auto written = writePieces(*output, bytes, file, stop); !written)
            return written;
    }
    return output->commit();
}

} // namespace fettle::io
