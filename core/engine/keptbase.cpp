#include "core/engine/keptbase.h"

#include "core/base/memory.h"
#include "core/engine/keptweights.h"

namespace fettle::engine {

KeptBase::KeptBase() : m_weights(std::make_unique<KeptWeights>()) { }
KeptBase::~KeptBase() = default;

void KeptBase::clear()
{
    if (!m_weights->weights)
        return;
    m_weights->weights.reset();
    m_weights->key.clear();
    returnFreeMemory();
}

int KeptBase::loads() const { return m_weights->loads; }

} // namespace fettle::engine
