// The kernels against plain loops in double, on every instruction set that this machine has, and their promise that a row's result does not
// depend on the rows beside it.
#include "core/generate/attentionkernel.h"
#include "core/generate/integerkernels.h"
#include "core/generate/matrixkernels.h"
#include "core/generate/vectorkernels.h"
#include "core/io/gguf.h"

#include <QTest>

#include "hwy/highway.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <random>

using namespace fettle;
using namespace fettle::generate;

namespace {

// Every instruction set that is compiled in and runs here, by name.
std::vector<std::int64_t> targets()
{
    std::vector<std::int64_t> list;
    for (const std::int64_t target : {HWY_AVX3, HWY_AVX2, HWY_NEON, HWY_SCALAR}) {
        if (target == HWY_SCALAR || (hwy::SupportedTargets() & target) != 0)
            list.push_back(target);
    }
    return list;
}

void addTargetRows()
{
    QTest::addColumn<qint64>("target");
    for (const std::int64_t target : targets())
        QTest::newRow(hwy::TargetName(target)) << qint64(target);
}

class UseTarget {
public:
    explicit UseTarget(std::int64_t target) { hwy::SetSupportedTargetsForTest(target); hwy::GetChosenTarget().Update(target | HWY_SCALAR); }
    ~UseTarget()
    {
        hwy::SetSupportedTargetsForTest(0);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    }
};

std::vector<float> randomValues(std::size_t count, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float &value : values)
        value = normal(random);
    return values;
}

// Products of all rows, in the given number of rows at a time.
std::vector<float> multiply(const PackedMatrix &matrix, const std::vector<float> &x, std::size_t rows, std::size_t together)
{
    const std::size_t columns = matrix.columns(), stride = matrix.panels() * kPanelRows;
    std::vector<float> y(rows * stride, 0.5f), packed(rows * columns);
    auto scratch = AlignedBuffer::allocate(productScratch(rows) * sizeof(float));
    for (std::size_t first = 0; first < rows; first += together) {
        const std::size_t count = std::min(together, rows - first);
        packRows(x.data() + first * columns, columns, count, columns, packed.data());
        multiplyPanels(matrix, packed.data(), count, y.data() + first * stride, stride, ProductMode::Replace, 0, matrix.panels(), scratch->floats());
    }
    return y;
}

std::vector<float> multiplyInIntegers(const PackedMatrix &matrix, const std::vector<float> &x, std::size_t rows, std::size_t together)
{
    const std::size_t columns = matrix.columns(), stride = matrix.panels() * kPanelRows;
    std::vector<float> y(rows * stride, 0.5f);
    std::vector<std::byte> quantised(rows * quantisedBytes(columns));
    for (std::size_t first = 0; first < rows; first += together) {
        const std::size_t count = std::min(together, rows - first);
        quantiseRows(x.data() + first * columns, columns, count, columns, quantised.data());
        multiplyIntegerPanels(matrix, quantised.data(), count, y.data() + first * stride, stride, ProductMode::Replace, 0, matrix.panels());
    }
    return y;
}

} // namespace

class TestGenerateKernels : public QObject {
    Q_OBJECT
private slots:
    void everyTaskIsDoneOnce_data()
    {
        QTest::addColumn<int>("threads");
        for (int threads : {1, 2, 3})
            QTest::newRow(qPrintable(QString::number(threads))) << threads;
    }
    void everyTaskIsDoneOnce()
    {
        QFETCH(int, threads);
        WorkerPool pool(threads);
        QCOMPARE(pool.threads(), threads);
        for (std::size_t round = 0; round < 3000; ++round) {
            const std::size_t tasks = round % 7;
            std::vector<std::atomic<int>> done(tasks);
            pool.run(tasks, [&](std::size_t task, int thread) {
                QVERIFY(thread >= 0 && thread < threads);
                done[task].fetch_add(1);
            });
            for (const auto &count : done)
                QCOMPARE(count.load(), 1);
        }
    }

    void productsAreRight_data()
    {
        QTest::addColumn<qint64>("target");
        QTest::addColumn<int>("integers"); // an IntegerSet; None: in fp32
        QTest::addColumn<double>("tolerance"); // of the sum of the products' sizes
        for (const std::int64_t target : targets())
            QTest::newRow(hwy::TargetName(target)) << qint64(target) << int(IntegerSet::None) << 2e-6;
        for (const IntegerSet set : integerSets())
            QTest::newRow(set == IntegerSet::Avx512 ? "integers AVX-512" : "integers AVX2") << qint64(targets().front()) << int(set) << 2e-5;
    }
    void productsAreRight()
    {
        QFETCH(qint64, target);
        QFETCH(int, integers);
        const bool isInteger = IntegerSet(integers) != IntegerSet::None;
        if (isInteger)
            useIntegerSet(IntegerSet(integers));
        const auto back = qScopeGuard([] { useIntegerSet(integerSets().empty() ? IntegerSet::None : integerSets().front()); });
        QFETCH(double, tolerance);
        const UseTarget use(target);
        auto gguf = io::Gguf::open(std::filesystem::path(FETTLE_FIXTURES) / "gguf/quantised.gguf");
        QVERIFY(gguf.has_value());
        WorkerPool pool(1);
        for (const char *type : {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "F16", "BF16", "Q4_0.expected"}) {
            const io::TensorEntry *small = gguf->find(type);
            QVERIFY(small);
            // The fixture has three rows; 83 of them, so that panels are full, many and partly empty. Random halves span forty powers of two:
            // the rows are compared by their own size.
            io::TensorEntry entry = *small;
            const std::size_t rowBytes = entry.bytes.size() / 3;
            std::vector<std::byte> memory(rowBytes * 83);
            for (std::size_t row = 0; row < 83; ++row)
                std::memcpy(memory.data() + row * rowBytes, entry.bytes.data() + row * row % 3 * rowBytes, rowBytes);
            entry.bytes = memory;
            entry.shape[0] = 83;
            auto matrix = packMatrix(entry, {}, pool);
            QVERIFY(matrix.has_value());
            const std::size_t columns = matrix->columns(), stride = matrix->panels() * kPanelRows;
            std::vector<float> weights(83 * columns);
            QVERIFY(io::decodeToFloat(entry, weights).has_value());
            constexpr std::size_t kRows = 29;
            std::vector<float> x = randomValues(kRows * columns, 7);
            for (std::size_t i = 0; i < x.size(); i += 97)
                x[i] *= 20.0f; // blocks with an outlier keep more bits
            if (isInteger && !fitsIntegerProducts(*matrix))
                continue;
            const auto multiplyAll = isInteger ? multiplyInIntegers : multiply;
            const std::vector<float> one = multiplyAll(*matrix, x, kRows, 1);
            for (std::size_t r = 0; r < kRows; ++r) {
                for (std::size_t row = 0; row < 83; ++row) {
                    double sum = 0, size = 0;
                    for (std::size_t k = 0; k < columns; ++k) {
                        const double product = double(weights[row * columns + k]) * double(x[r * columns + k]);
                        sum += product;
                        size += std::abs(product);
                    }
                    const double difference = std::abs(double(one[r * stride + row]) - sum);
                    QVERIFY2(!(difference > tolerance * size + 1e-30) || !std::isfinite(size) || size > 1e38,
                             qPrintable(QString("%1, row %2: off by %3 of %4").arg(type).arg(row).arg(difference).arg(size)));
                }
                for (std::size_t row = 83; row < stride; ++row)
                    QVERIFY(one[r * stride + row] == 0.0f);
            }
            for (const std::size_t together : {2u, 3u, 4u, 5u, 11u, 12u, 13u, 29u}) {
                const std::vector<float> some = multiplyAll(*matrix, x, kRows, together);
                QVERIFY2(std::memcmp(one.data(), some.data(), one.size() * sizeof(float)) == 0, qPrintable(QString("%1, %2 rows").arg(type).arg(together)));
            }
        }
    }

    void productsCanBeAdded()
    {
        const std::vector<float> weights = randomValues(40 * 300, 1), x = randomValues(5 * 300, 2);
        auto matrix = packFloats(weights.data(), 40, 300);
        QVERIFY(matrix.has_value());
        auto scratch = AlignedBuffer::allocate(productScratch(5) * sizeof(float));
        for (const std::size_t rows : {1u, 2u, 5u}) {
            std::vector<float> packed(rows * 300), y(rows * 48), sum(rows * 48, 3.0f);
            packRows(x.data(), 300, rows, 300, packed.data());
            multiplyPanels(*matrix, packed.data(), rows, y.data(), 48, ProductMode::Replace, 0, 3, scratch->floats());
            multiplyPanels(*matrix, packed.data(), rows, sum.data(), 48, ProductMode::Add, 0, 3, scratch->floats());
            for (std::size_t i = 0; i < y.size(); ++i)
                QCOMPARE(sum[i], 3.0f + y[i]);
        }
    }

    void attentionIsRight_data() { addTargetRows(); }
    void attentionIsRight()
    {
        QFETCH(qint64, target);
        const UseTarget use(target);
        constexpr std::size_t kPositions = 300, kHead = 24, kPadded = 32, kGroup = 3;
        const std::vector<float> q = randomValues(kPositions * kGroup * kHead, 3), k = randomValues(kPositions * kHead, 4),
                                 v = randomValues(kPositions * kHead, 5);
        std::vector<std::vector<float>> memory(3, std::vector<float>(kKeyChunk * (kHead + kPadded)));
        std::vector<const float *> pages;
        for (std::size_t position = 0; position < kPositions; ++position) {
            float *page = memory[position / kKeyChunk].data();
            const std::size_t place = position % kKeyChunk;
            for (std::size_t i = 0; i < kHead; ++i) {
                page[(place / 16 * kHead + i) * 16 + place % 16] = k[position * kHead + i];
                page[kKeyChunk * kHead + place * kPadded + i] = v[position * kHead + i];
            }
        }
        for (const auto &page : memory)
            pages.push_back(page.data());
        auto scratch = AlignedBuffer::allocate(attentionScratch(kHead) * sizeof(float));
        for (const std::size_t window : {0u, 1u, 50u, 128u, 200u}) {
            AttentionInput input;
            input.pages = pages.data();
            input.valueOffset = kKeyChunk * kHead;
            input.queries = q.data();
            input.queryStride = input.outStride = kGroup * kHead;
            input.headSize = kHead;
            input.paddedHead = kPadded;
            input.group = kGroup;
            input.window = window;
            input.scale = 0.3f;
            std::vector<float> all(q.size()), single(q.size());
            input.out = all.data();
            for (std::size_t begin = 0; begin < kPositions * kGroup; begin += queriesPerTask())
                attend(input, begin, std::min(begin + queriesPerTask(), kPositions * kGroup), scratch->floats());
            for (std::size_t position = 0; position < kPositions; ++position) {
                // As when decoding: the position alone, numbered from 0.
                AttentionInput alone = input;
                alone.firstPosition = position;
                alone.queries = q.data() + position * kGroup * kHead;
                alone.out = single.data() + position * kGroup * kHead;
                attend(alone, 0, kGroup, scratch->floats());
            }
            QVERIFY(std::memcmp(all.data(), single.data(), all.size() * sizeof(float)) == 0);
            for (std::size_t query = 0; query < kPositions * kGroup; query += 7) {
                const std::size_t position = query / kGroup;
                const std::size_t first = window > 0 && position + 1 > window ? position + 1 - window : 0;
                std::vector<double> weights;
                double total = 0;
                for (std::size_t key = first; key <= position; ++key) {
                    double score = 0;
                    for (std::size_t i = 0; i < kHead; ++i)
                        score += double(q[query * kHead + i]) * double(k[key * kHead + i]);
                    weights.push_back(std::exp(score * 0.3));
                    total += weights.back();
                }
                for (std::size_t i = 0; i < kHead; ++i) {
                    double sum = 0;
                    for (std::size_t key = first; key <= position; ++key)
                        sum += weights[key - first] / total * double(v[key * kHead + i]);
                    QVERIFY2(std::abs(sum - double(all[query * kHead + i])) < 1e-5, qPrintable(QString("window %1, query %2").arg(window).arg(query)));
                }
            }
        }
    }

    void vectorFunctionsAreRight_data() { addTargetRows(); }
    void vectorFunctionsAreRight()
    {
        QFETCH(qint64, target);
        const UseTarget use(target);
        for (const std::size_t count : {1u, 7u, 16u, 43u, 576u}) {
            std::vector<float> x = randomValues(count, 6), w = randomValues(count, 7), out(count);
            x[0] = 200.0f; // beyond what exp can hold
            if (count > 1)
                x[1] = -200.0f;
            double squares = 0, total = 0;
            for (const float value : x) {
                squares += double(value) * double(value);
                total += std::exp(double(value) - 200.0);
            }
            rmsNorm(x.data(), w.data(), count, 1e-5f, out.data());
            for (std::size_t i = 0; i < count; ++i)
                QVERIFY(std::abs(double(out[i]) - double(x[i]) / std::sqrt(squares / double(count) + 1e-5) * double(w[i])) < 1e-4);
            softmax(x.data(), count, out.data());
            for (std::size_t i = 0; i < count; ++i)
                QVERIFY(std::abs(double(out[i]) - std::exp(double(x[i]) - 200.0) / total) < 1e-6);
            std::vector<float> gate = x;
            swiGlu(gate.data(), w.data(), count);
            for (std::size_t i = 0; i < count; ++i) {
                const double right = double(x[i]) / (1 + std::exp(-double(x[i]))) * double(w[i]);
                QVERIFY(std::abs(double(gate[i]) - right) <= 1e-5 * (1 + std::abs(right)));
            }
        }
    }

    void fingerprintSeesEveryBit_data() { addTargetRows(); }
    void fingerprintSeesEveryBit()
    {
        QFETCH(qint64, target);
        std::vector<std::byte> memory(1027);
        std::mt19937 random(8);
        for (std::byte &byte : memory)
            byte = static_cast<std::byte>(random());
        const std::uint64_t best = fingerprint(memory);
        const UseTarget use(target);
        QCOMPARE(fingerprint(memory), best); // the same on every instruction set
        for (std::size_t bit = 0; bit < memory.size() * 8; ++bit) {
            memory[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
            QVERIFY(fingerprint(memory) != best);
            memory[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        }
        std::vector<std::byte> zeros(640);
        const std::uint64_t longer = fingerprint(zeros);
        zeros.resize(576);
        QVERIFY(fingerprint(zeros) != longer);
    }
};

QTEST_APPLESS_MAIN(TestGenerateKernels)
#include "tst_generatekernels.moc"
