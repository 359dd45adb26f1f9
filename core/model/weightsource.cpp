// Opens model files and matches their tensors with what the config demands. Reads headers only; values stay in the mapped files.
#include "core/model/weightsource.h"

#include "core/base/words.h"
#include "core/io/gguf.h"
#include "core/io/safetensors.h"
#include "core/model/ggufnames.h"

#include <algorithm>
#include <fmt/format.h>
#include <initializer_list>
#include <map>
#include <optional>
#include <unordered_map>

namespace fettle::model {

struct WeightSource::Files {
    std::optional<io::Safetensors> safetensors;
    std::optional<io::Gguf> gguf;
    std::unordered_map<std::string_view, std::size_t> index; // names of m_tensors
};

namespace {

// Tensors that files carry although they follow from the config, or that a tied model repeats.
bool isIgnored(std::string_view name, const ModelConfig &config)
{
    // Masks of causal attention, which older GPT-2 and GPT-NeoX files hold as tensors.
    const bool isMask = (config.family == Family::Gpt2 && (name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias")))
        || (config.family == Family::GptNeoX && (name.ends_with(".attention.bias") || name.ends_with(".attention.masked_bias")));
    return isMask || name.ends_with("rotary_emb.inv_freq") || name == "rope_freqs.weight" || name == "rope_factors_long.weight" || name == "rope_factors_short.weight"
        || (config.isTied && name == fmt::format("{}.weight", nameOf(config, OuterTensor::Head)));
}

// The reference's name of a tensor in a folder: the first GPT-2 files leave out the name of the model around the layers.
std::string nameInFolder(const std::string &name, const ModelConfig &config)
{
    const bool isBare = config.family == Family::Gpt2 && !name.starts_with("transformer.") && !name.starts_with("lm_head.");
    return isBare ? "transformer." + name : name;
}

std::string listed(const std::vector<std::string> &names)
{
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < 4; ++i)
        text += fmt::format("{}{}", i == 0 ? "" : ", ", names[i]);
    if (names.size() > 4)
        text += tr(" and {} more", names.size() - 4);
    return text;
}

} // namespace

std::vector<ExpectedTensor> expectedTensors(const ModelConfig &config)
{
    std::vector<ExpectedTensor> list;
    const auto outer = [&](OuterTensor which) { return std::string(nameOf(config, which)); };
    list.push_back({outer(OuterTensor::Embedding) + ".weight", {config.vocabulary, config.width}});
    if (config.hasPositionTable)
        list.push_back({outer(OuterTensor::Positions) + ".weight", {config.context, config.width}});
    const auto addLinear = [&](std::int64_t layer, LinearMap map, bool hasBias) {
        const std::string name = linearName(layer, map);
        list.push_back({name + ".weight", {outputSize(config, map), inputSize(config, map)}});
        if (hasBias)
            list.push_back({name + ".bias", {outputSize(config, map)}});
    };
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        const std::string prefix = layerPrefix(config, layer);
        const auto addNorms = [&](std::initializer_list<Norm> norms) {
            for (const Norm norm : norms) {
                const std::string_view own = normName(config, norm);
                if (own.empty())
                    continue;
                list.push_back({fmt::format("{}{}.weight", prefix, own), {normSize(config, norm)}});
                if (config.hasLayerNorm)
                    list.push_back({fmt::format("{}{}.bias", prefix, own), {normSize(config, norm)}});
            }
        };
        addNorms({Norm::BeforeAttention});
        for (const LinearMap map : linearMaps(config)) {
            if (map == LinearMap::Gate || map == LinearMap::GateUp || (!config.hasGate && roleOf(map) == LinearMap::Up))
                addNorms({Norm::Query, Norm::Key, Norm::AfterAttention, Norm::BeforeMlp});
            addLinear(layer, map, hasBias(config, map));
        }
        addNorms({Norm::AfterMlp});
    }
    list.push_back({outer(OuterTensor::FinalNorm) + ".weight", {config.width}});
    if (config.hasLayerNorm)
        list.push_back({outer(OuterTensor::FinalNorm) + ".bias", {config.width}});
    if (!config.isTied)
        list.push_back({outer(OuterTensor::Head) + ".weight", {config.vocabulary, config.width}});
    return list;
}

bool isTransposedInFolders(const ModelConfig &config, std::string_view name)
{
    return config.family == Family::Gpt2 && (name.ends_with(".c_attn.weight") || name.ends_with(".c_proj.weight") || name.ends_with(".c_fc.weight"));
}

std::int64_t SourceTensor::fileRow(std::int64_t row) const
{
    if (groupedHeads > 0) { // row (head, part, place) of the reference is row (part, head, place) of the file
        const std::int64_t size = entry.rows() / groupedHeads / 3, head = row / (3 * size), part = row / size % 3;
        return (part * groupedHeads + head) * size + row % size;
    }
    if (interleavedHeads == 0)
        return row;
    // The converter stores row (half, pair) of a head as row (pair, half).
    const std::int64_t headRows = entry.rows() / interleavedHeads, pairs = headRows / 2;
    const std::int64_t head = row / headRows, inHead = row % headRows;
    return head * headRows + (inHead % pairs) * 2 + inHead / pairs;
}

Result<> SourceTensor::decodeRows(std::int64_t first, std::int64_t count, std::span<float> target) const
{
    const auto rowValues = static_cast<std::size_t>(entry.rowValues());
    if (isTransposed) { // each row of the file gives one column
        io::TensorEntry part{entry.name, entry.type, {1, count}, {}};
        const auto bytes = static_cast<std::size_t>(io::blockBytes(entry.type)), rows = static_cast<std::size_t>(entry.rows());
        std::vector<float> column(static_cast<std::size_t>(count));
        for (std::size_t k = 0; k < rowValues; ++k) {
            part.bytes = entry.bytes.subspan((k * rows + static_cast<std::size_t>(first)) * bytes, column.size() * bytes);
            if (auto decoded = io::decodeToFloat(part, column); !decoded)
                return decoded;
            for (std::size_t i = 0; i < column.size(); ++i)
                target[i * rowValues + k] = column[i];
        }
        return {};
    }
    if (interleavedHeads == 0 && groupedHeads == 0) {
        auto decoded = io::decodeRowsToFloat(entry, first, count, target);
        for (float &value : target.first(offset != 0 ? target.size() : 0))
            value += offset;
        return decoded;
    }
    for (std::int64_t i = 0; i < count; ++i) {
        auto row = target.subspan(static_cast<std::size_t>(i) * rowValues, rowValues);
        if (auto decoded = io::decodeRowsToFloat(entry, fileRow(first + i), 1, row); !decoded)
            return decoded;
    }
    return {};
}

std::vector<std::byte> SourceTensor::turnedBytes() const
{
    const auto rows = static_cast<std::size_t>(entry.rows()), columns = static_cast<std::size_t>(entry.rowValues());
    const auto bytes = static_cast<std::size_t>(io::blockBytes(entry.type));
    std::vector<std::byte> turned(rows * columns * bytes);
    for (std::size_t column = 0; column < columns; ++column) {
        for (std::size_t row = 0; row < rows; ++row)
            std::copy_n(entry.bytes.data() + (column * rows + row) * bytes, bytes, turned.data() + (row * columns + column) * bytes);
    }
    return turned;
}

Error brokenValues(const WeightSource &source, const SourceTensor &tensor)
{
    return {ErrorCode::BadInput, tr("{}: tensor {} holds values that are no numbers (NaN or infinite).", source.path().string(), tensor.entry.name),
            tr("The model is damaged, or was ruined in its training. Use another copy or an earlier checkpoint."), {}};
}

WeightSource::WeightSource() : m_files(std::make_unique<Files>()) { }
WeightSource::~WeightSource() = default;

Result<std::shared_ptr<const WeightSource>> WeightSource::open(const std::filesystem::path &path)
{
    std::shared_ptr<WeightSource> source(new WeightSource);
    source->m_path = path;
    source->m_isGguf = path.extension() == ".gguf";
    const std::vector<io::TensorEntry> *entries = nullptr;
    if (source->m_isGguf) {
        auto gguf = io::Gguf::open(path);
        if (!gguf)
            return passError(gguf);
        auto config = configFromGguf(*gguf);
        if (!config)
            return passError(config);
        source->m_config = std::move(*config);
        source->m_files->gguf = std::move(*gguf);
        entries = &source->m_files->gguf->tensors();
    } else {
        auto config = readConfig(path);
        if (!config)
            return passError(config);
        auto files = io::Safetensors::open(path);
        if (!files)
            return passError(files);
        source->m_config = std::move(*config);
        source->m_files->safetensors = std::move(*files);
        entries = &source->m_files->safetensors->tensors();
    }
    const ModelConfig &config = source->m_config;

    std::map<std::string, const io::TensorEntry *, std::less<>> byName;
    std::vector<std::string> unknown, missing;
    for (const io::TensorEntry &entry : *entries) {
        if (isIgnored(entry.name, config))
            continue;
        std::string name = source->m_isGguf ? nameFromGguf(entry.name, config) : nameInFolder(entry.name, config);
        if (name.empty())
            unknown.push_back(entry.name);
        else
            byName.emplace(std::move(name), &entry);
    }
    for (const ExpectedTensor &expected : expectedTensors(config)) {
        const auto found = byName.find(expected.name);
        if (found == byName.end()) {
            missing.push_back(expected.name);
            continue;
        }
        const io::TensorEntry &entry = *found->second;
        const bool isTransposed = !source->m_isGguf && isTransposedInFolders(config, expected.name);
        const std::vector<std::int64_t> shape = isTransposed ? std::vector(expected.shape.rbegin(), expected.shape.rend()) : expected.shape;
        if (entry.shape != shape) {
            return fail(ErrorCode::BadInput, tr("{}: tensor {} has the shape {}, but the configuration demands {}.", path.string(), entry.name,
                                                         io::shapeText(entry.shape), io::shapeText(shape)),
                        tr("The configuration and the weights belong to different models. Download the model again as a whole."));
        }
        if (!io::canDecode(entry.type)) {
            return fail(ErrorCode::BadInput, tr("{}: tensor {} is stored as {}, which cannot be read.", path.string(), entry.name, io::nameOf(entry.type)),
                        tr("Use a file in F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 or Q2_K to Q6_K."));
        }
        SourceTensor tensor{expected.name, entry, 0, 0, isTransposed, 0};
        tensor.entry.shape = expected.shape;
        if (source->m_isGguf) {
            const GgufPlace place = ggufPlaceOf(expected.name, config);
            tensor.offset = -place.offset;
            tensor.interleavedHeads = place.interleavedHeads;
            tensor.groupedHeads = place.groupedHeads;
            // A bias is one row of values: its rows are its elements.
            if ((tensor.interleavedHeads > 0 || tensor.groupedHeads > 0) && tensor.entry.shape.size() == 1)
                tensor.entry.shape = {tensor.entry.shape[0], 1};
        }
        source->m_tensors.push_back(std::move(tensor));
        byName.erase(found);
    }
    for (const auto &[name, entry] : byName)
        unknown.push_back(entry->name);
    if (!missing.empty()) {
        return fail(ErrorCode::BadInput, tr("{}: {} of the tensors that the configuration demands are missing: {}.", path.string(), missing.size(), listed(missing)),
                    tr("The model is incomplete or of another kind than its configuration says. Download it again as a whole."),
                    unknown.empty() ? std::string() : tr("Not expected: {}", listed(unknown)));
    }
    if (!unknown.empty()) {
        return fail(ErrorCode::BadInput, tr("{}: {} tensors do not belong to a {} model: {}.", path.string(), unknown.size(), config.architecture, listed(unknown)),
                    tr("The model has parts that Fettle would leave out. Use the original model."));
    }
    for (std::size_t i = 0; i < source->m_tensors.size(); ++i)
        source->m_files->index.emplace(source->m_tensors[i].name, i);
    return std::shared_ptr<const WeightSource>(std::move(source));
}

void WeightSource::forgetRead() const
{
    if (m_files->safetensors)
        m_files->safetensors->forgetRead();
    if (m_files->gguf)
        m_files->gguf->forgetRead();
}

const SourceTensor *WeightSource::find(std::string_view name) const
{
    const auto found = m_files->index.find(name);
    return found == m_files->index.end() ? nullptr : &m_tensors[found->second];
}

std::string WeightSource::storage() const
{
    std::map<io::StorageType, std::size_t> bytes;
    for (const SourceTensor &tensor : m_tensors)
        bytes[tensor.entry.type] += tensor.entry.bytes.size();
    std::vector<std::pair<std::size_t, io::StorageType>> order;
    for (const auto &[type, size] : bytes)
        order.emplace_back(size, type);
    std::sort(order.rbegin(), order.rend());
    std::string text;
    for (const auto &[size, type] : order)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", io::nameOf(type));
    return text;
}

} // namespace fettle::model
