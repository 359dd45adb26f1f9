// Vector functions that several kernels share.
#include <cstddef>

#if defined(FETTLE_GENERATE_MATHVECTORS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef FETTLE_GENERATE_MATHVECTORS_INL_H
#undef FETTLE_GENERATE_MATHVECTORS_INL_H
#else
#define FETTLE_GENERATE_MATHVECTORS_INL_H
#endif

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fettle::generate::HWY_NAMESPACE {

// e^x; Highway's Exp is undefined where the result overflows, so x is held below 88.
template <class D, class Vector>
HWY_INLINE Vector boundedExp(D d, Vector x)
{
    namespace h = hwy::HWY_NAMESPACE;
    return h::Exp(d, h::Min(x, h::Set(d, 88.0f)));
}

// limit * tanh(x / limit).
template <class D, class Vector>
HWY_INLINE Vector softLimited(D d, Vector x, float limit)
{
    namespace h = hwy::HWY_NAMESPACE;
    return h::Mul(h::Tanh(d, h::Mul(x, h::Set(d, 1.0f / limit))), h::Set(d, limit));
}

} // namespace fettle::generate::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
