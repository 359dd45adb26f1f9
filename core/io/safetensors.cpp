// Reading: nothing of the header is believed before it is checked against the bytes that are there.
#include "core/io/safetensors.h"

#include "core/base/words.h"
#include "core/io/foreignfile.h"
#include "core/io/forgetpages.h"
#include "core/io/jsonfile.h"
#include "core/io/nearestnames.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <set>

namespace fettle::io {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000; // the limit of the reference library
constexpr const char *kIndexName = "model.safetensors.index.json";
constexpr const char *kFetchAgain = "Fetch the file again; a broken download is the usual cause.";

struct NamedType {
    std::string_view name;
    StorageType type;
};
constexpr NamedType kTypes[] = {
    {"F64", StorageType::F64},   {"F32", StorageType::F32},         {"F16", StorageType::F16},         {"BF16", StorageType::BF16},
    {"I64", StorageType::I64},   {"I32", StorageType::I32},         {"I16", StorageType::I16},         {"I8", StorageType::I8},
    {"U64", StorageType::U64},   {"U32", StorageType::U32},         {"U16", StorageType::U16},         {"U8", StorageType::U8},
    {"BOOL", StorageType::Bool}, {"F8_E4M3", StorageType::F8_E4M3}, {"F8_E5M2", StorageType::F8_E5M2},
};

std::optional<StorageType> typeFromName(std::string_view name)
{
    for (const NamedType &known : kTypes) {
        if (known.name == name)
            return known.type;
    }
    return std::nullopt;
}

std::optional<std::int64_t> wholeNumber(const nlohmann::json &value)
{
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
        return std::nullopt;
    return value.get<std::int64_t>();
}

struct Parsed {
    std::vector<TensorEntry> tensors; // in the order of the data
    std::map<std::string, std::string> metadata;
};

// One file. All errors name the file; those of a tensor name the tensor.
class HeaderReader {
public:
    explicit HeaderReader(const MappedFile &file)
        : m_bytes(file.bytes())
        , m_path(file.path())
    {
    }

    Result<Parsed> read()
    {
        if (auto foreign = foreignFileError(m_path, m_bytes, ForeignKind::Safetensors))
            return tl::unexpected(*std::move(foreign));
        if (m_bytes.size() < 8)
            return broken(tr("it has {} bytes, fewer than a header", m_bytes.size()));
        std::uint64_t length = 0;
        std::memcpy(&length, m_bytes.data(), 8);
        if (length > kMaxHeaderBytes || length > m_bytes.size() - 8) {
            return broken(tr("its header claims {} bytes, but {}", length,
                                      length > m_bytes.size() - 8 ? fmt::format("only {} follow", m_bytes.size() - 8)
                                                                  : fmt::format("{} are allowed", kMaxHeaderBytes)));
        }
        const std::string_view header(reinterpret_cast<const char *>(m_bytes.data()) + 8, length);
        if (!header.starts_with('{'))
            return broken(tr("its header is not a JSON object"));
        m_data = m_bytes.subspan(8 + length);
        JsonLimits limits;
        limits.maxDepth = 8;
        auto json = parseJson(header, tr("The header of \"{}\"", m_path.string()), limits);
        if (!json) {
            json.error().hint = tr(kFetchAgain);
            return passError(json);
        }
        return readTensors(*json);
    }

private:
    [[nodiscard]] tl::unexpected<Error> broken(const std::string &cause) const
    {
        return fail(ErrorCode::BadInput, tr("\"{}\" is not a usable safetensors file: {}.", m_path.string(), cause), tr(kFetchAgain));
    }

    Result<Parsed> readTensors(const nlohmann::json &header) const
    {
        Parsed parsed;
        parsed.tensors.reserve(header.size());
        for (const auto &[name, value] : header.items()) {
            if (name == "__metadata__") {
                if (!value.is_object())
                    return broken(tr("its __metadata__ is not an object"));
                for (const auto &[key, text] : value.items()) {
                    if (!text.is_string())
                        return broken(tr("the metadata \"{}\" is not text", key));
                    parsed.metadata.emplace(key, text.get<std::string>());
                }
                continue;
            }
            auto entry = readTensor(name, value);
            if (!entry)
                return passError(entry);
            parsed.tensors.push_back(*std::move(entry));
        }
        std::sort(parsed.tensors.begin(), parsed.tensors.end(), [](const TensorEntry &a, const TensorEntry &b) {
            return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
        });
        const std::byte *expected = m_data.data();
        for (const TensorEntry &entry : parsed.tensors) {
            if (entry.bytes.data() < expected)
                return broken(tr("the data of tensor \"{}\" overlaps another tensor", entry.name));
            if (entry.bytes.data() > expected)
                return broken(tr("{} bytes before tensor \"{}\" belong to no tensor", entry.bytes.data() - expected, entry.name));
            expected += entry.bytes.size();
        }
        if (const auto rest = m_data.data() + m_data.size() - expected; rest != 0)
            return broken(tr("{} bytes after the last tensor belong to no tensor", rest));
        return parsed;
    }

    Result<TensorEntry> readTensor(const std::string &name, const nlohmann::json &value) const
    {
        const auto bad = [&](const std::string &cause) { return broken(tr("tensor \"{}\" {}", name.substr(0, 200), cause)); };
        if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets"))
            return bad(tr("lacks dtype, shape or data_offsets"));
        if (value.size() != 3)
            return bad(tr("has unknown fields"));
        const auto &dtype = value["dtype"];
        const auto type = dtype.is_string() ? typeFromName(dtype.get_ref<const std::string &>()) : std::nullopt;
        if (!type)
            return bad(tr("has the type {}, which is not known", dtype.dump(-1, ' ', true).substr(0, 40)));
        TensorEntry entry{name, *type, {}, {}};
        if (!value["shape"].is_array() || value["shape"].size() > 16)
            return bad(tr("has a shape that is not a short list"));
        for (const auto &dimension : value["shape"]) {
            const auto size = wholeNumber(dimension);
            if (!size)
                return bad(tr("has a dimension that is not a whole number"));
            entry.shape.push_back(*size);
        }
        const auto &offsets = value["data_offsets"];
        const auto begin = offsets.is_array() && offsets.size() == 2 ? wholeNumber(offsets[0]) : std::nullopt;
        const auto end = begin ? wholeNumber(offsets[1]) : std::nullopt;
        if (!end || *begin > *end)
            return bad(tr("has data_offsets that are not two ascending whole numbers"));
        const auto available = static_cast<std::int64_t>(m_data.size());
        if (*end > available)
            return bad(tr("ends at byte {}, but the file has only {} bytes of data", *end, available));
        const auto expected = storedBytes(*type, entry.shape);
        if (!expected)
            return bad(tr("has the impossible shape {}", shapeText(entry.shape)));
        if (*expected != *end - *begin) {
            return bad(tr("has shape {} and type {}, so {} bytes, but {} are reserved", shapeText(entry.shape), nameOf(*type),
                                   *expected, *end - *begin));
        }
        entry.bytes = m_data.subspan(static_cast<std::size_t>(*begin), static_cast<std::size_t>(*end - *begin));
        return entry;
    }

    std::span<const std::byte> m_bytes;
    std::span<const std::byte> m_data;
    const fs::path &m_path;
};

// The shards named in an index, each a plain file name in the folder of the index.
struct Index {
    std::vector<fs::path> files;
    std::map<std::string, std::string> fileOf; // by tensor
};

Result<Index> readIndex(const fs::path &path)
{
    auto json = readJsonFile(path);
    if (!json)
        return passError(json);
    const auto bad = [&](const std::string &cause) {
        return fail(ErrorCode::BadInput, fmt::format("\"{}\": {}.", path.string(), cause), tr("Fetch the index and its files again."));
    };
    const auto weights = json->is_object() ? json->find("weight_map") : json->end();
    if (weights == json->end() || !weights->is_object() || weights->empty())
        return bad(tr("the list of tensors \"weight_map\" is missing or empty"));
    Index index;
    std::set<std::string> names;
    for (const auto &[tensor, file] : weights->items()) {
        if (!file.is_string())
            return bad(tr("the file of tensor \"{}\" is not text", tensor));
        const auto &name = file.get_ref<const std::string &>();
        // Only a plain name: an index must not reach files outside its folder.
        if (name.empty() || name == "." || name == ".." || name.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos
            || !name.ends_with(".safetensors"))
            return bad(tr("\"{}\" is not the name of a .safetensors file in this folder", name));
        names.insert(name);
        index.fileOf.emplace(tensor, name);
    }
    for (const std::string &name : names) {
        index.files.push_back(path.parent_path() / name);
        std::error_code error;
        if (!fs::exists(index.files.back(), error))
            return bad(tr("the file \"{}\" that it names is missing", name));
    }
    return index;
}

// Which file of a model folder to open: the index, model.safetensors, or the only safetensors file there is.
Result<fs::path> fileOfFolder(const fs::path &folder)
{
    std::error_code error;
    for (const char *name : {kIndexName, "model.safetensors", "adapter_model.safetensors"}) {
        if (fs::exists(folder / name, error))
            return folder / name;
    }
    std::vector<fs::path> found;
    std::optional<fs::path> pickle;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const fs::path &item = it->path();
        if (item.extension() == ".safetensors")
            found.push_back(item);
        else if (hasPickleName(item) && (!pickle || item < *pickle))
            pickle = item;
    }
    if (found.size() == 1)
        return found.front();
    if (found.empty() && pickle)
        return tl::unexpected(pickleError(*pickle));
    if (found.empty())
        return fail(ErrorCode::NotFound, tr("\"{}\" holds no .safetensors file.", folder.string()),
                    tr("Choose the folder of a model."));
    std::sort(found.begin(), found.end());
    return fail(ErrorCode::BadInput,
                tr("\"{}\" holds {} .safetensors files but no {} that says how they belong together.", folder.string(),
                            found.size(), kIndexName),
                tr("Fetch the index too, or choose one file, for example \"{}\".", found.front().filename().string()));
}

} // namespace

Result<Safetensors> Safetensors::open(const fs::path &path)
{
    std::error_code error;
    fs::path file = path;
    if (fs::is_directory(path, error)) {
        auto chosen = fileOfFolder(path);
        if (!chosen)
            return passError(chosen);
        file = *chosen;
    }
    Safetensors opened;
    if (file.extension() != ".json") {
        if (auto added = opened.addFile(file); !added)
            return passError(added);
        return opened;
    }
    auto index = readIndex(file);
    if (!index)
        return passError(index);
    std::unordered_map<std::string, std::string> placed;
    for (const fs::path &shard : index->files) {
        const std::size_t before = opened.m_tensors.size();
        if (auto added = opened.addFile(shard); !added)
            return passError(added);
        for (std::size_t i = before; i < opened.m_tensors.size(); ++i)
            placed.emplace(opened.m_tensors[i].name, shard.filename().string());
    }
    for (const auto &[tensor, name] : index->fileOf) {
        const auto found = placed.find(tensor);
        if (found == placed.end() || found->second != name) {
            return fail(ErrorCode::BadInput,
                        tr("\"{}\" says that tensor \"{}\" is in \"{}\", but it is not there.", file.string(), tensor, name),
                        tr("Fetch the index and its files again."));
        }
    }
    return opened;
}

Result<> Safetensors::addFile(const fs::path &file)
{
    auto mapped = MappedFile::open(file);
    if (!mapped)
        return passError(mapped);
    auto parsed = HeaderReader(**mapped).read();
    if (!parsed)
        return passError(parsed);
    m_maps.push_back(*mapped);
    m_metadata.merge(parsed->metadata);
    m_tensors.reserve(m_tensors.size() + parsed->tensors.size());
    for (TensorEntry &entry : parsed->tensors) {
        if (!m_index.emplace(entry.name, m_tensors.size()).second) {
            return fail(ErrorCode::BadInput,
                        tr("Tensor \"{}\" is in \"{}\" and in another file of the model.", entry.name, file.string()),
                        tr("Fetch the index and its files again."));
        }
        m_tensors.push_back(std::move(entry));
    }
    return {};
}

const TensorEntry *Safetensors::find(std::string_view name) const
{
    const auto found = m_index.find(std::string(name));
    return found == m_index.end() ? nullptr : &m_tensors[found->second];
}

Result<const TensorEntry *> Safetensors::require(std::string_view name) const
{
    if (const TensorEntry *entry = find(name))
        return entry;
    return fail(ErrorCode::BadInput, tr("\"{}\" does not hold the tensor \"{}\".", m_maps.front()->path().string(), name),
                nearestNamesHint(m_tensors, name));
}

void Safetensors::forgetRead() const
{
    for (const auto &map : m_maps)
        forgetPages(*map);
}

std::vector<fs::path> Safetensors::files() const
{
    std::vector<fs::path> paths;
    for (const auto &map : m_maps)
        paths.push_back(map->path());
    return paths;
}

} // namespace fettle::io
