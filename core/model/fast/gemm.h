// C = alpha * op(A) op(B) + beta * C for row-major fp32 matrices with row strides: our own product, because the BLAS inside LibTorch takes a
// path of half the vector width on processors that are not Intel's (measured: 113 against 254 GFLOP/s a core on an AVX-512 machine of AMD's).
// Serial inside a parallel region, else on all threads of LibTorch. Each element is one sum in one order, whatever the number of threads, the
// alignment or the machine's load: the same product gives the same bits on the same instruction set.
#pragma once

#include <cstdint>

namespace fettle::model::fast {

enum class Use : char { AsIs = 'N', Transposed = 'T' };

struct Operand {
    const float *data;
    std::int64_t stride; // between rows as stored
    Use use = Use::AsIs;
};

// Bf16: both factors are rounded to 8 bits of mantissa, their products are added in fp32; twice as fast where the processor has such products.
enum class Factors { Fp32, Bf16 };
[[nodiscard]] bool hasBf16Products(); // without them Bf16 is computed as Fp32

// C [m, n], op(A) [m, k], op(B) [k, n]. beta 0: what lies in C is not read. Throws std::bad_alloc.
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const Operand &a, const Operand &b, float beta, float *c, std::int64_t strideC,
          Factors factors = Factors::Fp32);

// Multiplications and additions of all products since the program began, for measurements.
[[nodiscard]] std::int64_t gemmOperations();

} // namespace fettle::model::fast
