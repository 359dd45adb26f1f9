// C = alpha * op(A) op(B) + beta * C for row-major fp32 matrices with row strides, through the BLAS inside LibTorch. Direct calls: the
// fast path works on raw pieces of one arena, and tasks that already run on a thread of their own get a serial product.
#pragma once

#include <cstdint>

extern "C" void sgemm_(const char *transA, const char *transB, const int *m, const int *n, const int *k, const float *alpha, const float *a,
                       const int *lda, const float *b, const int *ldb, const float *beta, float *c, const int *ldc);

namespace fettle::model::fast {

enum class Use : char { AsIs = 'N', Transposed = 'T' };

struct Operand {
    const float *data;
    std::int64_t stride; // between rows as stored
    Use use = Use::AsIs;
};

// C [m, n], op(A) [m, k], op(B) [k, n]. Sizes fit an int: N, C, I and V are checked when configs are read.
inline void gemm(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const Operand &a, const Operand &b, float beta, float *c, std::int64_t strideC)
{
    // Column-major BLAS sees the transposes: C^T = op(B)^T op(A)^T.
    const char useA = static_cast<char>(a.use), useB = static_cast<char>(b.use);
    const auto mm = static_cast<int>(m), nn = static_cast<int>(n), kk = static_cast<int>(k);
    const auto lda = static_cast<int>(a.stride), ldb = static_cast<int>(b.stride), ldc = static_cast<int>(strideC);
    sgemm_(&useB, &useA, &nn, &mm, &kk, &alpha, b.data, &ldb, a.data, &lda, &beta, c, &ldc);
}

} // namespace fettle::model::fast
