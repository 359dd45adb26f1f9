// Decodes the tensors of a WeightSource into ModelWeights, in pieces on all threads.
#include "core/base/words.h"
#include "core/model/weights.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <bit>
#include <optional>
#include <span>
#include <fmt/format.h>

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

std::vector<Piece> cutIntoPieces(const WeightSource &source, const ModelWeights &weights)
{
    std::vector<Piece> pieces;
    for (const SourceTensor &tensor : source.tensors()) {
        const at::Tensor target = weights.tensor(tensor.name);
        float *values = target.data_ptr<float>(); // views of stacked matrices are whole rows: contiguous
        const std::int64_t rowValues = tensor.entry.rowValues(), rows = tensor.entry.rows();
        const std::int64_t step = std::max<std::int64_t>(1, kPieceValues / rowValues);
        for (std::int64_t row = 0; row < rows; row += step)
            pieces.push_back({&tensor, row, std::min(step, rows - row), values + row * rowValues});
    }
    return pieces;
}

} // namespace

Result<std::shared_ptr<const ModelWeights>> loadWeights(const std::filesystem::path &path, const ProgressCallback &progress, std::stop_token stop)
{
    auto source = WeightSource::open(path);
    if (!source)
        return passError(source);
    return loadWeights(**source, progress, stop);
}

Result<std::shared_ptr<const ModelWeights>> loadWeights(const WeightSource &source, const ProgressCallback &progress, std::stop_token stop)
try {
    const std::shared_ptr<ModelWeights> weights = allocateWeights(source.config());
    const std::vector<Piece> pieces = cutIntoPieces(source, *weights);
    const auto total = static_cast<std::int64_t>(pieces.size());
    std::mutex mutex;
    std::optional<Error> error;
    // In rounds, so that progress and cancelling need no extra thread.
    const std::int64_t round = 16;
    for (std::int64_t begin = 0; begin < total; begin += round) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("Loading the model was cancelled."));
        if (progress)
            progress({tr("Loading the model"), begin, total});
        at::parallel_for(begin, std::min(begin + round, total), 1, [&](std::int64_t first, std::int64_t last) {
            for (std::int64_t i = first; i < last; ++i) {
                const Piece &piece = pieces[static_cast<std::size_t>(i)];
                const auto count = static_cast<std::size_t>(piece.rows * piece.tensor->entry.rowValues());
                if (auto decoded = piece.tensor->decodeRows(piece.firstRow, piece.rows, {piece.target, count}); !decoded) {
                    const std::lock_guard lock(mutex);
                    error = decoded.error();
                } else if (hasBrokenValue({piece.target, count})) {
                    const std::lock_guard lock(mutex);
                    error = brokenValues(source, *piece.tensor);
                }
            }
        });
        if (error)
            return tl::unexpected(*error);
    }
    if (progress)
        progress({tr("Loading the model"), total, total});
    return std::shared_ptr<const ModelWeights>(weights);
} catch (const std::exception &exception) {
    return fail(ErrorCode::OutOfMemory, tr("There is not enough memory for the weights of {} ({:.1f} GB).", source.path().string(),
                                                    static_cast<double>(source.config().parameters()) * 4e-9),
                tr("Close other programs or choose a smaller model."), exception.what());
}

} // namespace fettle::model
