// Our own product against sums in double precision: every use of the operands, sizes around the borders of tiles and blocks, strides wider than
// the matrix, and the same bits whatever the number of threads.
#include "core/torch.h"

#include "core/model/fast/gemm.h"

#include <ATen/Parallel.h>
#include <QTest>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

using namespace fettle::model::fast;

namespace {

struct Matrix {
    std::int64_t rows, columns, stride;
    std::vector<float> values;
    Matrix(std::int64_t rowCount, std::int64_t columnCount, std::int64_t extra, std::mt19937 &random)
        : rows(rowCount), columns(columnCount), stride(columnCount + extra), values(static_cast<std::size_t>(rowCount * (columnCount + extra)))
    {
        std::uniform_real_distribution<float> any(-1.0f, 1.0f);
        for (float &value : values)
            value = any(random);
    }
    [[nodiscard]] double at(std::int64_t i, std::int64_t j) const { return values[static_cast<std::size_t>(i * stride + j)]; }
};

// Every use of the operands against sums in double precision of the factors as they are multiplied.
void expectSums(int m, int n, int k, Factors factors)
{
    std::mt19937 random(7);
    const auto factor = [factors](double value) { return factors == Factors::Fp32 ? value : static_cast<double>(static_cast<float>(at::BFloat16(static_cast<float>(value)))); };
    for (const Use useA : {Use::AsIs, Use::Transposed}) {
        for (const Use useB : {Use::AsIs, Use::Transposed}) {
            const Matrix a = useA == Use::AsIs ? Matrix(m, k, 3, random) : Matrix(k, m, 3, random);
            const Matrix b = useB == Use::AsIs ? Matrix(k, n, 5, random) : Matrix(n, k, 5, random);
            for (const auto &[alpha, beta] : {std::pair(1.0f, 0.0f), std::pair(1.0f, 1.0f), std::pair(0.5f, -2.0f)}) {
                Matrix c(m, n, 7, random);
                const Matrix old = c;
                gemm(m, n, k, alpha, {a.values.data(), a.stride, useA}, {b.values.data(), b.stride, useB}, beta, c.values.data(), c.stride, factors);
                for (int i = 0; i < m; i += 1 + m / 40) {
                    for (int j = 0; j < n; j += 1 + n / 90) {
                        double sum = 0, size = 0;
                        for (int p = 0; p < k; ++p) {
                            const double product = factor(useA == Use::AsIs ? a.at(i, p) : a.at(p, i)) * factor(useB == Use::AsIs ? b.at(p, j) : b.at(j, p));
                            sum += product;
                            size += std::abs(product);
                        }
                        const double expected = alpha * sum + beta * old.at(i, j);
                        const double allowed = 1e-6 * (std::abs(alpha) * size + std::abs(beta * old.at(i, j))) + 1e-30;
                        QVERIFY2(std::abs(c.at(i, j) - expected) <= allowed,
                                 qPrintable(QStringLiteral("[%1, %2]: %3, expected %4").arg(i).arg(j).arg(c.at(i, j)).arg(expected)));
                    }
                }
                for (int i = 0; i < m; ++i) // what lies between the rows is left alone
                    QVERIFY(std::memcmp(&c.values[std::size_t(i * c.stride + n)], &old.values[std::size_t(i * c.stride + n)], 7 * sizeof(float)) == 0);
            }
        }
    }
}

} // namespace

class GemmTest : public QObject {
    Q_OBJECT

private slots:
    void equalsTheSumInDouble_data();
    void equalsTheSumInDouble();
    void oldContentIsNotReadForBetaZero();
    void roundedFactorsAreSummedInFp32_data();
    void roundedFactorsAreSummedInFp32();
    void bitsDoNotDependOnThreads_data();
    void bitsDoNotDependOnThreads();
    void emptyProductsScale();
};

void GemmTest::equalsTheSumInDouble_data()
{
    QTest::addColumn<int>("m");
    QTest::addColumn<int>("n");
    QTest::addColumn<int>("k");
    for (const int m : {1, 13, 14, 15, 29, 300})
        for (const int n : {1, 15, 16, 17, 31, 32, 33, 70})
            QTest::addRow("%d x %d x 65", m, n) << m << n << 65;
    for (const int k : {1, 2, 3, 5, 639, 640, 641, 1300, 5000})
        QTest::addRow("37 x 41 x %d", k) << 37 << 41 << k;
    QTest::addRow("more columns than are packed at a time") << 20 << 9000 << 64;
    QTest::addRow("more columns, blocks of k") << 20 << 4200 << 1000;
    QTest::addRow("a layer") << 257 << 960 << 576;
}

void GemmTest::equalsTheSumInDouble()
{
    QFETCH(int, m);
    QFETCH(int, n);
    QFETCH(int, k);
    expectSums(m, n, k, Factors::Fp32);
}

void GemmTest::oldContentIsNotReadForBetaZero()
{
    std::mt19937 random(7);
    const Matrix a(30, 700, 0, random), b(40, 700, 0, random);
    std::vector<float> c(30 * 40, std::numeric_limits<float>::quiet_NaN());
    gemm(30, 40, 700, 1.0f, {a.values.data(), 700}, {b.values.data(), 700, Use::Transposed}, 0.0f, c.data(), 40);
    for (const float value : c)
        QVERIFY(std::isfinite(value));
}

void GemmTest::roundedFactorsAreSummedInFp32_data()
{
    QTest::addColumn<int>("m");
    QTest::addColumn<int>("n");
    QTest::addColumn<int>("k");
    for (const int m : {1, 14, 29})
        for (const int n : {1, 16, 33, 70})
            QTest::addRow("%d x %d x 65", m, n) << m << n << 65;
    for (const int k : {1, 2, 3, 31, 33, 1279, 1280, 1282, 2601})
        QTest::addRow("37 x 41 x %d", k) << 37 << 41 << k;
    QTest::addRow("more columns, blocks of k") << 20 << 4200 << 1500;
}

void GemmTest::roundedFactorsAreSummedInFp32()
{
    if (!hasBf16Products())
        QSKIP("this processor has no products of bf16 pairs: they are computed in fp32");
    QFETCH(int, m);
    QFETCH(int, n);
    QFETCH(int, k);
    expectSums(m, n, k, Factors::Bf16);
}

void GemmTest::bitsDoNotDependOnThreads_data()
{
    QTest::addColumn<Factors>("factors");
    QTest::newRow("fp32") << Factors::Fp32;
    QTest::newRow("bf16") << Factors::Bf16;
}

void GemmTest::bitsDoNotDependOnThreads()
{
    QFETCH(Factors, factors);
    std::mt19937 random(7);
    const Matrix a(401, 1536, 0, random), b(1536, 576, 0, random);
    const auto product = [&](int threads) {
        at::set_num_threads(threads);
        std::vector<float> c(401 * 576, 0.0f);
        gemm(401, 576, 1536, 1.0f, {a.values.data(), 1536}, {b.values.data(), 576}, 0.0f, c.data(), 576, factors);
        return c;
    };
    const int before = at::get_num_threads();
    const auto one = product(1), two = product(2), four = product(4);
    at::set_num_threads(before);
    QVERIFY(one == two && one == four);
    // Inside a parallel region each thread computes its own product.
    std::vector<std::vector<float>> inside(2, std::vector<float>(401 * 576));
    at::parallel_for(0, 2, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            gemm(401, 576, 1536, 1.0f, {a.values.data(), 1536}, {b.values.data(), 576}, 0.0f, inside[std::size_t(i)].data(), 576, factors);
    });
    QVERIFY(inside[0] == one && inside[1] == one);
}

void GemmTest::emptyProductsScale()
{
    std::vector<float> c{1, 2, 3, 4};
    gemm(2, 2, 0, 1.0f, {nullptr, 1}, {nullptr, 1}, 0.5f, c.data(), 2);
    QCOMPARE(c, (std::vector<float>{0.5f, 1, 1.5f, 2}));
    gemm(0, 2, 3, 1.0f, {nullptr, 1}, {nullptr, 1}, 0.0f, c.data(), 2);
    QCOMPARE(c, (std::vector<float>{0.5f, 1, 1.5f, 2}));
}

QTEST_GUILESS_MAIN(GemmTest)
#include "tst_gemm.moc"
