// The base model that stays in memory from one run to the next: a queue of adapters of one base reads it once.
#pragma once

#include <memory>

namespace fettle::engine {

struct KeptWeights; // engine only

class KeptBase {
public:
    KeptBase();
    ~KeptBase();
    KeptBase(const KeptBase &) = delete;
    KeptBase &operator=(const KeptBase &) = delete;

    void clear(); // gives the memory back
    [[nodiscard]] int loads() const; // how often weights were read for it
    [[nodiscard]] KeptWeights &weights() { return *m_weights; }

private:
    std::unique_ptr<KeptWeights> m_weights;
};

} // namespace fettle::engine
