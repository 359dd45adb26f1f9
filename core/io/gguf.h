// GGUF versions 2 and 3 (format: ggml's docs/gguf.md): typed metadata and tensors, read through a memory map. Shards
// (name-00001-of-00003.gguf) are opened together. Knows nothing of what the keys mean.
#pragma once

#include "core/base/result.h"
#include "core/io/mappedfile.h"
#include "core/io/tensorfile.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fettle::io {

enum class GgufType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

// A value as it lies in the file: checked to be complete when the file was opened, decoded when asked for.
struct GgufValue {
    GgufType type = GgufType::U8;
    GgufType elementType = GgufType::U8; // arrays
    std::uint64_t count = 1;             // arrays: elements
    std::span<const std::byte> bytes;    // strings without their length; arrays: the elements as stored
};

// What the name of a part of a sharded model says ("name-00002-of-00003", without extension); nothing for other names.
struct GgufPart {
    std::string_view name;
    int number = 0, count = 0;
};
[[nodiscard]] std::optional<GgufPart> ggufPart(std::string_view stem);

class Gguf {
public:
    // Errors: BadInput naming file and key or tensor, NotFound, NoPermission.
    [[nodiscard]] static Result<Gguf> open(const std::filesystem::path &path);

    [[nodiscard]] std::uint32_t version() const { return m_version; }
    [[nodiscard]] const std::map<std::string, GgufValue, std::less<>> &metadata() const { return m_metadata; }
    [[nodiscard]] bool has(std::string_view key) const { return m_metadata.contains(key); }

    // Nothing when the key is missing or of another kind. Integers of every width convert if they fit; F32 and F64 convert.
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
    [[nodiscard]] std::optional<double> number(std::string_view key) const; // integers too
    [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
    [[nodiscard]] std::optional<std::string> string(std::string_view key) const;
    [[nodiscard]] std::optional<std::vector<std::string>> strings(std::string_view key) const;
    [[nodiscard]] std::optional<std::vector<std::int64_t>> integers(std::string_view key) const; // Bool arrays too
    [[nodiscard]] std::optional<std::vector<float>> floats(std::string_view key) const;
    [[nodiscard]] std::uint64_t arraySize(std::string_view key) const; // 0 when it is no array
    // As integer() and string(), with an error that names file and key.
    [[nodiscard]] Result<std::int64_t> requireInteger(std::string_view key) const;
    [[nodiscard]] Result<std::string> requireString(std::string_view key) const;

    [[nodiscard]] const std::vector<TensorEntry> &tensors() const { return m_tensors; }
    [[nodiscard]] const TensorEntry *find(std::string_view name) const;
    [[nodiscard]] Result<const TensorEntry *> require(std::string_view name) const;
    [[nodiscard]] const std::filesystem::path &path() const { return m_path; }
    [[nodiscard]] std::vector<std::filesystem::path> files() const;
    // Gives back the memory of what was read of the files so far; whoever reads it again fetches it again.
    void forgetRead() const;

private:
    [[nodiscard]] Result<> addFile(const std::filesystem::path &file, bool isFirst);
    std::filesystem::path m_path;
    std::uint32_t m_version = 0;
    std::vector<std::shared_ptr<const MappedFile>> m_maps;
    std::map<std::string, GgufValue, std::less<>> m_metadata;
    std::vector<TensorEntry> m_tensors;
    std::unordered_map<std::string, std::size_t> m_index;
};

} // namespace fettle::io
