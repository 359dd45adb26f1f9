// A LoRA adapter as the decoding step reads it: A and B of each adapted map as packed fp32 matrices.
#pragma once

#include "core/base/result.h"
#include "core/generate/packedmatrix.h"
#include "core/model/config.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fettle::tune {
class LoraAdapter;
}

namespace fettle::generate {

class DecodeAdapter {
public:
    struct Module {
        PackedMatrix a; // [R, in]; empty: the map is not adapted
        PackedMatrix b; // [out, R]
        float scaling = 1.0f; // without the strength
    };

    // Copies the adapter's tensors as they are now; its strength is not taken over. Errors: OutOfMemory, BadInput (shapes of another model).
    [[nodiscard]] static Result<std::shared_ptr<DecodeAdapter>> create(const tune::LoraAdapter &adapter, const model::ModelConfig &config);
    ~DecodeAdapter();

    [[nodiscard]] const Module &module(std::size_t layer, model::LinearMap map) const { return m_modules[layer][static_cast<std::size_t>(map)]; }
    [[nodiscard]] Module &module(std::size_t layer, model::LinearMap map) { return m_modules[layer][static_cast<std::size_t>(map)]; }
    [[nodiscard]] std::size_t largestRank() const { return m_largestRank; }
    // tune::LoraAdapter::hash of the tensors that lie in memory now. Quick while they have not changed since the last call.
    [[nodiscard]] std::string hash() const;

private:
    struct Origin;
    DecodeAdapter();
    [[nodiscard]] std::uint64_t fingerprintNow() const;
    std::vector<std::array<Module, model::kLinearMaps>> m_modules;
    std::size_t m_largestRank = 0;
    std::unique_ptr<Origin> m_origin; // settings that the hash needs besides the tensors
    mutable std::uint64_t m_fingerprint = 0;
    mutable std::string m_hash;
};

} // namespace fettle::generate
