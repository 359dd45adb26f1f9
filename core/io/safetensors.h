// safetensors: u64 length, JSON header {name: {dtype, shape, data_offsets}}, data. Read through a memory map with every promise of the
// header checked; written byte for byte as the safetensors library writes it.
#pragma once

#include "core/base/result.h"
#include "core/io/mappedfile.h"
#include "core/io/tensorfile.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fettle::io {

// One file or a whole model folder (sharded with model.safetensors.index.json, or model.safetensors alone).
// Entries point into maps that live as long as this object or a copy of it.
class Safetensors {
public:
    // path: a .safetensors file, an index file, or a folder. Errors: BadInput naming file and tensor, NotFound, NoPermission;
    // pickles and LFS pointers are named as such with the remedy.
    [[nodiscard]] static Result<Safetensors> open(const std::filesystem::path &path);

    [[nodiscard]] const std::vector<TensorEntry> &tensors() const { return m_tensors; } // in the order of the data
    [[nodiscard]] const TensorEntry *find(std::string_view name) const;
    // The entry, or an error that names the file and the names that come nearest.
    [[nodiscard]] Result<const TensorEntry *> require(std::string_view name) const;
    [[nodiscard]] const std::map<std::string, std::string> &metadata() const { return m_metadata; }
    [[nodiscard]] std::vector<std::filesystem::path> files() const;
    // Gives back the memory of what was read of the files so far; whoever reads it again fetches it again.
    void forgetRead() const;

private:
    [[nodiscard]] Result<> addFile(const std::filesystem::path &file);
    std::vector<std::shared_ptr<const MappedFile>> m_maps;
    std::vector<TensorEntry> m_tensors;
    std::unordered_map<std::string, std::size_t> m_index;
    std::map<std::string, std::string> m_metadata;
};

// What is to be written: bytes are row-major in the layout of type and must stay valid during the call. Plain types only. With read they are made when
// their turn comes and must stay valid until the next turn: so that one tensor at a time is in memory.
struct TensorToWrite {
    std::string name;
    StorageType type = StorageType::F32;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;
    std::function<Result<std::span<const std::byte>>()> read = {};
};

// Atomic and durable. The order in the file is the library's: wider types first, then names. Metadata as given; PEFT and transformers want
// {"format": "pt"}. Errors: BadInput (size does not fit the shape, name twice), DiskFull, NoPermission, and what read gives; nothing is left then.
[[nodiscard]] Result<> writeSafetensors(const std::filesystem::path &file, const std::vector<TensorToWrite> &tensors,
                                        const std::map<std::string, std::string> &metadata = {{"format", "pt"}});

} // namespace fettle::io
