#include "core/generate/stepbuffers.h"

#include "core/generate/attentionkernel.h"

#include <algorithm>
#include <atomic>
#include <vector>

namespace fettle::generate {

namespace {

constexpr std::size_t kFewestTaskBytes = 48 << 10; // of weights, for each row: a microsecond or two
constexpr std::size_t kMostExpected = 128 << 10;   // bytes that an idle thread fetches: a part of its second cache
constexpr std::size_t kMostRowsAhead = 4;          // with more rows memory is not what is waited for
constexpr std::size_t kMostPlainRows = 32;         // with more it pays to pack rows for adapters on all threads

// Cuts products into tasks, numbered from 0, and returns how many. Small enough that threads finish together, large enough that handing them out costs
// nothing.
std::size_t cutIntoTasks(std::span<Product> products, std::size_t threads)
{
    std::size_t bytes = 0;
    for (const Product &product : products)
        bytes += product.matrix->panels() * product.matrix->bytesPerPanel() * product.rows;
    const std::size_t taskBytes = std::max(kFewestTaskBytes, bytes / (threads * 8)), unit = panelsPerStep();
    std::size_t tasks = 0;
    for (Product &product : products) {
        const std::size_t step = taskBytes / (product.matrix->bytesPerPanel() * product.rows);
        product.panelsPerTask = std::max<std::size_t>(1, step / unit) * unit;
        product.firstTask = tasks;
        tasks += (product.matrix->panels() + product.panelsPerTask - 1) / product.panelsPerTask;
    }
    return tasks;
}

std::size_t productOf(std::span<const Product> products, std::size_t task)
{
    const auto next = std::upper_bound(products.begin(), products.end(), task, [](std::size_t wanted, const Product &other) { return wanted < other.firstTask; });
    return static_cast<std::size_t>(next - products.begin()) - 1;
}

std::size_t firstPanel(const Product &product, std::size_t task) { return (task - product.firstTask) * product.panelsPerTask; }

// Where the share of a thread begins.
std::size_t shareOf(std::size_t tasks, std::size_t thread, std::size_t threads) { return tasks * thread / threads; }

// Tells idle threads where their shares of the next products begin.
void expectProducts(WorkerPool &pool, std::span<const PackedMatrix *const> matrices, std::size_t rows)
{
    std::vector<Product> products;
    for (const PackedMatrix *matrix : matrices)
        products.push_back({.matrix = matrix, .rows = rows});
    const auto threads = static_cast<std::size_t>(pool.threads());
    const std::size_t tasks = cutIntoTasks(products, threads);
    for (std::size_t thread = 1; thread < threads; ++thread) {
        const std::size_t task = shareOf(tasks, thread, threads);
        const Product &product = products[productOf(products, task)];
        const auto bytes = product.matrix->bytes().subspan(firstPanel(product, task) * product.matrix->bytesPerPanel());
        pool.expect(static_cast<int>(thread), bytes.first(std::min(bytes.size(), kMostExpected)));
    }
}

} // namespace

Result<> StepBuffers::prepare(const DecodeWeights &weights, std::size_t largestRank, int threads)
{
    const model::ModelConfig &config = weights.config;
    width = paddedRows(static_cast<std::size_t>(config.width));
    queryWidth = paddedRows(static_cast<std::size_t>(config.queryWidth()));
    keyValueWidth = paddedRows(static_cast<std::size_t>(config.keyValueWidth()));
    intermediate = paddedRows(static_cast<std::size_t>(config.intermediate));
    fusedWidth = config.isFused ? paddedRows(static_cast<std::size_t>(std::max(config.queryWidth() + 2 * config.keyValueWidth(), 2 * config.intermediate))) : 0;
    vocabulary = paddedRows(static_cast<std::size_t>(config.vocabulary));
    lowRank = paddedRows(largestRank);
    const std::size_t half = static_cast<std::size_t>(config.rotated()) / 2;
    const std::size_t widest = std::max({width, queryWidth, keyValueWidth, intermediate});
    const std::size_t count = rows.size();
    hasQuantised = hasIntegerProducts();
    const bool isForAdapters = hasQuantised && weights.fitsIntegers(); // fp32 inputs are
    hasPlain = isForAdapters && !adapted.empty() && count <= kMostPlainRows;
    hasPacked = !hasPlain && (!isForAdapters || !adapted.empty());
    const std::pair<Scratch *, std::size_t> sizes[] = {
        {&stream, count * width}, {&query, count * queryWidth}, {&key, count * keyValueWidth}, {&value, count * keyValueWidth},
        {&attention, count * queryWidth}, {&gate, count * intermediate}, {&up, count * intermediate}, {&packed, hasPacked ? count * widest : 0}, {&plain, hasPlain ? count * widest : 0},
        {&quantised, hasQuantised ? count * quantisedBytes(widest) / sizeof(float) : 0}, {&packedSegment, adapted.empty() ? 0 : count * widest}, {&low, 3 * count * lowRank}, {&packedLow, 3 * count * lowRank},
        {&cosine, count * half}, {&sine, count * half}, {&fused, count * fusedWidth},
        {&localCosine, config.localRopeTheta > 0 ? count * half : 0}, {&localSine, config.localRopeTheta > 0 ? count * half : 0}, {&logits, wanted.size() * vocabulary},
        {&normed, static_cast<std::size_t>(threads) * rowsPerGroup() * width},
    };
    for (const auto &[scratch, values] : sizes) {
        if (auto done = scratch->want(values); !done)
            return done;
    }
    productScratch.resize(static_cast<std::size_t>(threads));
    attentionScratch.resize(static_cast<std::size_t>(threads));
    for (Scratch &scratch : productScratch) {
        if (auto done = scratch.want(generate::productScratch(count)); !done)
            return done;
    }
    for (Scratch &scratch : attentionScratch) {
        if (auto done = scratch.want(generate::attentionScratch(static_cast<std::size_t>(config.headSize))); !done)
            return done;
    }
    return {};
}

void StepBuffers::setInput(const float *source, std::size_t stride, std::size_t first, std::size_t count, std::size_t columns)
{
    if (hasPacked)
        packRows(source, stride, count, columns, packed.data() + first * columns);
    for (std::size_t n = 0; n < count && hasPlain; ++n)
        std::copy_n(source + n * stride, columns, plain.data() + (first + n) * columns);
    if (hasQuantised)
        quantiseRows(source, stride, count, columns, quantised.bytes() + first * quantisedBytes(columns));
}

void StepBuffers::runProducts(WorkerPool &pool, std::span<const PackedMatrix *const> next)
{
    if (!next.empty() && !work.empty() && work.front().rows <= kMostRowsAhead)
        expectProducts(pool, next, work.front().rows);
    const auto threads = static_cast<std::size_t>(pool.threads());
    const std::size_t tasks = cutIntoTasks(work, threads);
    // Each thread has a share of neighbouring panels, so that what it fetches ahead is what it needs next; who is done takes over from others.
    struct alignas(64) Share {
        std::atomic<std::size_t> next;
        std::size_t end;
    };
    std::vector<Share> shares(threads);
    for (std::size_t i = 0; i < threads; ++i) {
        shares[i].next.store(shareOf(tasks, i, threads), std::memory_order_relaxed);
        shares[i].end = shareOf(tasks, i + 1, threads);
    }
    // A of every update comes first: whoever computes panels of a product waits for tasks that others have begun, never for one that nobody has.
    std::atomic<std::size_t> ready = 0;
    const std::size_t updateCount = updates.size();
    const auto compute = [&](std::size_t task, int thread) {
        const std::size_t index = productOf(work, task);
        const Product &product = work[index];
        const std::size_t begin = firstPanel(product, task), end = std::min(product.matrix->panels(), begin + product.panelsPerTask);
        multiply(product, begin, end, thread);
        for (const LowRankUpdate &update : updates) {
            if (update.with != index)
                continue;
            WorkerPool::waitUntil([&] { return ready.load(std::memory_order_acquire) == updateCount; });
            multiply({update.b, update.packedLow, nullptr, update.rows, update.y, update.stride, ProductMode::Add}, begin, end, thread);
        }
    };
    pool.run(updateCount + threads, [&](std::size_t index, int thread) {
        if (index < updateCount) {
            computeLow(updates[index], thread);
            ready.fetch_add(1, std::memory_order_release);
            return;
        }
        for (std::size_t i = 0; i < threads; ++i) {
            Share &share = shares[(static_cast<std::size_t>(thread) + i) % threads];
            for (std::size_t task; (task = share.next.fetch_add(1, std::memory_order_relaxed)) < share.end;)
                compute(task, thread);
        }
    });
    work.clear();
    std::copy_if(updates.begin(), updates.end(), std::back_inserter(later), [](const LowRankUpdate &update) { return update.with == LowRankUpdate::kLater; });
    updates.clear();
}

void StepBuffers::multiply(const Product &product, std::size_t begin, std::size_t end, int thread)
{
    if (product.quantised && fitsIntegerProducts(*product.matrix))
        multiplyIntegerPanels(*product.matrix, product.quantised, product.rows, product.y, product.stride, product.mode, begin, end);
    else
        multiplyPanels(*product.matrix, product.packed, product.rows, product.y, product.stride, product.mode, begin, end, productScratch[static_cast<std::size_t>(thread)].data());
}

void StepBuffers::computeLow(const LowRankUpdate &update, int thread)
{
    multiply({update.a, update.packed, nullptr, update.rows, update.low, lowRank, ProductMode::Replace}, 0, update.a->panels(), thread);
    for (std::size_t i = 0; i < update.rows * lowRank; ++i)
        update.low[i] *= update.scale;
    packRows(update.low, lowRank, update.rows, update.b->columns(), update.packedLow);
}

const float *StepBuffers::segmentInput(const StepSegment &segment, std::size_t columns)
{
    float *target = packedSegment.data() + segment.first * columns;
    if (hasPlain) {
        const float *own = plain.data() + segment.first * columns;
        if (segment.rows == 1)
            return own; // packed, it looks the same
        packRows(own, columns, segment.rows, columns, target);
        return target;
    }
    if (segment.rows == rows.size())
        return packed.data();
    const std::size_t group = rowsPerGroup();
    for (std::size_t n = 0; n < segment.rows; ++n) {
        const std::size_t sourceRow = segment.first + n, sourceFirst = sourceRow / group * group;
        const std::size_t sourceCount = std::min(group, rows.size() - sourceFirst);
        const std::size_t targetFirst = n / group * group, targetCount = std::min(group, segment.rows - targetFirst);
        const float *from = packed.data() + sourceFirst * columns + sourceRow % group;
        float *to = target + targetFirst * columns + n % group;
        for (std::size_t k = 0; k < columns; ++k)
            to[k * targetCount] = from[k * sourceCount];
    }
    return target;
}

} // namespace fettle::generate
