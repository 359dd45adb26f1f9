// Reads the tensors of a WeightSource into ModelWeights on all threads: fp32 in pieces, matrices that stay rounded one after the other.
#include "core/base/words.h"
#include "core/io/quantise.h"
#include "core/model/weights.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <span>

namespace fettle::model {

namespace {

// Rows of one tensor that one thread decodes in one go.
struct Piece {
    const SourceTensor *tensor = nullptr;
    std::int64_t firstRow = 0, rows = 0;
    float *target = nullptr;
};

constexpr std::int64_t kPieceValues = 1 << 20;

// Whether one of the values is NaN or infinite: the largest magnitude as bits says so. They lie in the cache: they were just decoded.
bool hasBrokenValue(std::span<const float> values)
{
    std::uint32_t largest = 0;
    for (const float value : values)
        largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFu);
    return largest >= 0x7F800000u;
}

// decodeRows, with an error that names the tensor where a value is no number.
Result<> decodeSound(const WeightSource &source, const SourceTensor &tensor, std::int64_t first, std::int64_t count, std::span<float> target)
{
    if (auto read = tensor.decodeRows(first, count, target); !read)
        return read;
    return hasBrokenValue(target) ? Result<>(tl::unexpected(brokenValues(source, tensor))) : Result<>();
}

enum class Form : std::uint8_t { Plain, Blocks, Nf4 };
struct Storage {
    Form form = Form::Plain;
    io::StorageType type = io::StorageType::F32; // of blocks
};

// A type that takes less room than fp32 and can be unpacked.
Storage asInFile(const SourceTensor &tensor)
{
    const io::StorageType type = tensor.entry.type;
    const bool isSmaller = io::blockBytes(type) < 4 * io::blockValues(type);
    return isSmaller && io::canDecode(type) ? Storage{Form::Blocks, type} : Storage{};
}

Storage storageOf(const SourceTensor &tensor, const StorageChoice &choice)
{
    const bool isMatrix = tensor.entry.shape.size() == 2 && !tensor.name.ends_with(".bias");
    if (!isMatrix || choice.storage == WeightStorage::Fp32 || (choice.isTrained && choice.isTrained(tensor.name)))
        return {};
    const Storage half{Form::Blocks, tensor.entry.type == io::StorageType::F16 ? io::StorageType::F16 : io::StorageType::BF16};
    const bool isLinear = tensor.name.find(".layers.") != std::string::npos || tensor.name.starts_with("transformer.h.");
    switch (choice.storage) {
    case WeightStorage::Half: return half;
    case WeightStorage::Q8:
        if (isLinear)
            return tensor.entry.rowValues() % io::blockValues(io::StorageType::Q8_0) == 0 ? Storage{Form::Blocks, io::StorageType::Q8_0} : half;
        break;
    case WeightStorage::Nf4:
        if (isLinear)
            return {Form::Nf4, {}};
        break;
    case WeightStorage::File:
    case WeightStorage::Fp32: break;
    }
    return asInFile(tensor);
}

// Maps of one stack are stored alike: where one of them is rounded, the others are kept as blocks of whatever they are.
class Plan {
public:
    Plan(const WeightSource &source, const StorageChoice &choice) : m_source(source)
    {
        for (const SourceTensor &tensor : source.tensors())
            m_storage[tensor.name] = storageOf(tensor, choice);
        for (std::int64_t layer = 0; layer < source.config().layers; ++layer) {
            for (const auto &stack : stacks(layer)) {
                const bool isPlain = std::all_of(stack.begin(), stack.end(), [&](const std::string &name) { return m_storage.at(name).form == Form::Plain; });
                for (const std::string &name : stack) {
                    if (Storage &own = m_storage.at(name); !isPlain && own.form == Form::Plain)
                        own = {Form::Blocks, io::StorageType::F32};
                }
            }
        }
    }

    [[nodiscard]] Storage operator[](std::string_view name) const { return m_storage.find(name)->second; }
    [[nodiscard]] bool isPlain(std::string_view name) const { return (*this)[name].form == Form::Plain; }

    // Names of the maps of each matrix of a layer, in the order of its rows.
    [[nodiscard]] std::vector<std::vector<std::string>> stacks(std::int64_t layer) const
    {
        using Roles = std::vector<LinearMap>;
        const ModelConfig &config = m_source.config();
        const Roles qkv = config.isFused ? Roles{LinearMap::QueryKeyValue} : Roles{LinearMap::Query, LinearMap::Key, LinearMap::Value};
        const Roles up = !config.hasGate ? Roles{LinearMap::Up} : config.isFused ? Roles{LinearMap::GateUp} : Roles{LinearMap::Gate, LinearMap::Up};
        std::vector<std::vector<std::string>> all;
        for (const Roles &roles : {qkv, Roles{LinearMap::Output}, up, Roles{LinearMap::Down}}) {
            auto &names = all.emplace_back();
            for (const LinearMap role : roles)
                names.push_back(linearName(layer, mapFor(config, role)) + ".weight");
        }
        return all;
    }

private:
    const WeightSource &m_source;
    std::map<std::string, Storage, std::less<>> m_storage;
};

std::vector<Piece> cutIntoPieces(const WeightSource &source, const Plan &plan, const ModelWeights &weights)
{
    std::vector<Piece> pieces;
    for (const SourceTensor &tensor : source.tensors()) {
        if (!plan.isPlain(tensor.name))
            continue;
        const at::Tensor target = weights.tensor(tensor.name);
        float *values = target.data_ptr<float>(); // views of stacked matrices are whole rows: contiguous
        const std::int64_t rowValues = tensor.entry.rowValues(), rows = tensor.entry.rows();
        const std::int64_t step = std::max<std::int64_t>(1, kPieceValues / rowValues);
        for (std::int64_t row = 0; row < rows; row += step)
            pieces.push_back({&tensor, row, std::min(step, rows - row), values + row * rowValues});
    }
    return pieces;
}

// work(i) for i from 0 on all threads. The first error ends nothing early but is returned.
template <class Work>
Result<> onAllThreads(std::int64_t count, const Work &work)
{
    std::mutex mutex;
    std::optional<Error> error;
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            if (Result<> done = work(i); !done) {
                const std::lock_guard lock(mutex);
                error = done.error();
            }
        }
    });
    return error ? Result<>(tl::unexpected(*error)) : Result<>();
}

std::size_t rowBytes(io::StorageType type, std::int64_t columns) { return static_cast<std::size_t>(columns / io::blockValues(type) * io::blockBytes(type)); }

Result<StoredMatrix::Values> readBlocks(const WeightSource &source, const SourceTensor &tensor, io::StorageType type)
{
    const std::int64_t rows = tensor.entry.rows(), columns = tensor.entry.rowValues();
    const std::size_t bytesPerRow = rowBytes(type, columns);
    StoredMatrix::Blocks blocks{type, std::vector<std::byte>(static_cast<std::size_t>(rows) * bytesPerRow)};
    const bool isSame = type == tensor.entry.type && tensor.offset == 0 && !tensor.isTransposed;
    const std::int64_t step = std::max<std::int64_t>(1, kPieceValues / columns);
    auto read = onAllThreads((rows + step - 1) / step, [&](std::int64_t piece) -> Result<> {
        const std::int64_t first = piece * step, count = std::min(step, rows - first);
        std::byte *target = blocks.bytes.data() + static_cast<std::size_t>(first) * bytesPerRow;
        std::vector<float> values(static_cast<std::size_t>(count * columns));
        if (auto decoded = decodeSound(source, tensor, first, count, values); !decoded)
            return decoded;
        if (!isSame)
            return io::encodeFloats(type, values, {target, static_cast<std::size_t>(count) * bytesPerRow});
        for (std::int64_t row = 0; row < count; ++row)
            std::memcpy(target + static_cast<std::size_t>(row) * bytesPerRow,
                        tensor.entry.bytes.data() + static_cast<std::size_t>(tensor.fileRow(first + row)) * bytesPerRow, bytesPerRow);
        return {};
    });
    return read ? Result<StoredMatrix::Values>(std::move(blocks)) : passError(read);
}

Result<StoredMatrix::Values> readNf4(const WeightSource &source, const SourceTensor &tensor, ScaleRounding rounding)
{
    const std::int64_t rows = tensor.entry.rows(), columns = tensor.entry.rowValues(), step = std::max<std::int64_t>(1, kPieceValues / columns);
    const at::Tensor values = at::empty({rows, columns}, at::kFloat);
    auto *target = values.data_ptr<float>();
    auto read = onAllThreads((rows + step - 1) / step, [&](std::int64_t piece) {
        const std::int64_t first = piece * step, count = std::min(step, rows - first);
        return decodeSound(source, tensor, first, count, {target + first * columns, static_cast<std::size_t>(count * columns)});
    });
    return read ? Result<StoredMatrix::Values>(toNf4(values, rounding)) : passError(read);
}

std::string weightName(const ModelConfig &config, OuterTensor tensor) { return std::string(nameOf(config, tensor)) + ".weight"; }

// The matrices that stay rounded, one after the other.
class StoredReader {
public:
    StoredReader(const WeightSource &source, const Plan &plan, const StorageChoice &choice) : m_source(source), m_plan(plan), m_choice(choice) { }

    Result<> readAll(ModelWeights &weights, const ProgressCallback &progress, const std::stop_token &stop)
    {
        const ModelConfig &config = m_source.config();
        if (auto read = readOuter(weightName(config, OuterTensor::Embedding), weights.storedEmbedding); !read)
            return read;
        if (config.isTied)
            weights.storedHead = weights.storedEmbedding;
        else if (auto read = readOuter(weightName(config, OuterTensor::Head), weights.storedHead); !read)
            return read;
        for (std::int64_t layer = 0; layer < config.layers; ++layer) {
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, tr("Loading the model was cancelled."));
            if (progress)
                progress({tr("Loading the model"), layer, config.layers});
            LayerWeights &here = weights.layers[static_cast<std::size_t>(layer)];
            const auto stacks = m_plan.stacks(layer);
            const std::array<LinearWeight *, 4> targets = {&here.qkv, &here.output, &here.gateUp, &here.down};
            for (std::size_t i = 0; i < targets.size(); ++i) {
                if (m_plan.isPlain(stacks[i].front()))
                    continue;
                if (auto read = readStack(stacks[i], targets[i]->stored); !read)
                    return read;
            }
        }
        return {};
    }

private:
    Result<> readOuter(const std::string &name, StoredRows &target) { return m_plan.isPlain(name) ? Result<>() : readStack({name}, target); }

    Result<> readStack(const std::vector<std::string> &names, StoredRows &target)
    {
        const auto matrix = std::make_shared<StoredMatrix>(m_source.find(names.front())->entry.rowValues());
        for (const std::string &name : names) {
            const SourceTensor &tensor = *m_source.find(name);
            const Storage storage = m_plan[name];
            auto values = storage.form == Form::Nf4 ? readNf4(m_source, tensor, m_choice.scales) : readBlocks(m_source, tensor, storage.type);
            if (!values)
                return passError(values);
            matrix->append(tensor.entry.rows(), std::move(*values));
        }
        target = allRows(matrix);
        return {};
    }

    const WeightSource &m_source;
    const Plan &m_plan;
    const StorageChoice &m_choice;
};

} // namespace

std::int64_t bytesInMemory(const WeightSource &source, const StorageChoice &choice)
{
    const Plan plan(source, choice);
    std::int64_t total = 0;
    for (const SourceTensor &tensor : source.tensors()) {
        const Storage storage = plan[tensor.name];
        switch (storage.form) {
        case Form::Plain: total += 4 * tensor.entry.values(); break;
        case Form::Blocks: total += tensor.entry.rows() * static_cast<std::int64_t>(rowBytes(storage.type, tensor.entry.rowValues())); break;
        case Form::Nf4: total += nf4Bytes(tensor.entry.values(), choice.scales); break;
        }
    }
    return total;
}

Result<std::shared_ptr<const ModelWeights>> loadWeights(const std::filesystem::path &path, const ProgressCallback &progress, std::stop_token stop,
                                                        const StorageChoice &choice)
{
    auto source = WeightSource::open(path);
    if (!source)
        return passError(source);
    return loadWeights(**source, progress, stop, choice);
}

Result<std::shared_ptr<const ModelWeights>> loadWeights(const WeightSource &source, const ProgressCallback &progress, std::stop_token stop,
                                                        const StorageChoice &choice)
try {
    const Plan plan(source, choice);
    const std::shared_ptr<ModelWeights> weights = allocateWeights(source.config(), [&plan](std::string_view name) { return plan.isPlain(name); });
    if (auto read = StoredReader(source, plan, choice).readAll(*weights, choice.storage == WeightStorage::Fp32 ? ProgressCallback() : progress, stop); !read)
        return passError(read);
    const std::vector<Piece> pieces = cutIntoPieces(source, plan, *weights);
    const auto total = static_cast<std::int64_t>(pieces.size());
    // In rounds, so that progress and cancelling need no extra thread.
    const std::int64_t round = 16;
    for (std::int64_t begin = 0; begin < total; begin += round) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Loading the model was cancelled."));
        if (progress)
            progress({tr("Loading the model"), begin, total});
        auto decoded = onAllThreads(std::min(round, total - begin), [&](std::int64_t i) -> Result<> {
            const Piece &piece = pieces[static_cast<std::size_t>(begin + i)];
            const auto count = static_cast<std::size_t>(piece.rows * piece.tensor->entry.rowValues());
            return decodeSound(source, *piece.tensor, piece.firstRow, piece.rows, {piece.target, count});
        });
        if (!decoded)
            return passError(decoded);
    }
    if (progress)
        progress({tr("Loading the model"), total, total});
    return std::shared_ptr<const ModelWeights>(weights);
} catch (const std::exception &exception) {
    return fail(ErrorCode::OutOfMemory, tr("There is not enough memory for the weights of {} ({:.1f} GB).", source.path().string(),
                                                    static_cast<double>(bytesInMemory(source, choice)) * 1e-9),
                tr("Close other programs or choose a smaller model."), exception.what());
}

} // namespace fettle::model
