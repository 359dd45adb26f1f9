// The keys and values that one sequence has seen, in pages of 128 positions. Sequences that begin alike share pages. fp32.
#pragma once

#include "core/base/result.h"
#include "core/generate/alignedbuffer.h"
#include "core/model/config.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace fettle::generate {

// Sizes of a page. For each layer and key-value head: keys in panels of 16 positions [8][D][16], then values [128][D padded to 16].
struct KvShape {
    std::size_t layers = 0, heads = 0, headSize = 0, paddedHead = 0;

    explicit KvShape(const model::ModelConfig &config);
    [[nodiscard]] std::size_t keyOffset(std::size_t layer, std::size_t head) const;
    [[nodiscard]] std::size_t valueOffset(std::size_t layer, std::size_t head) const;
    [[nodiscard]] std::size_t pageBytes() const;
};

class KvCache {
public:
    explicit KvCache(const KvShape &shape)
        : m_shape(shape)
    {
    }

    // Positions whose keys and values are complete in all layers.
    [[nodiscard]] std::size_t length() const { return m_length; }
    void setLength(std::size_t length) { m_length = length; }
    // Whether its keys are turned by the factors for long texts (model::RopeKind::Long).
    [[nodiscard]] bool isLong() const { return m_isLong; }
    void setLong(bool isLong) { m_isLong = isLong; }
    // Room for this many positions. Errors: OutOfMemory.
    [[nodiscard]] Result<> reserve(std::size_t positions);
    // The same content for another sequence: full pages are shared, the last one is copied. Errors: OutOfMemory.
    [[nodiscard]] Result<KvCache> fork() const;

    [[nodiscard]] const float *const *pages() const { return m_pointers.data(); }
    [[nodiscard]] const KvShape &shape() const { return m_shape; }
    // Stores one position of one head; key and value hold headSize values.
    void write(std::size_t layer, std::size_t head, std::size_t position, const float *key, const float *value);

private:
    [[nodiscard]] Result<> addPage();
    KvShape m_shape;
    std::size_t m_length = 0;
    bool m_isLong = false;
    std::vector<std::shared_ptr<AlignedBuffer>> m_pages;
    std::vector<float *> m_pointers;
};

} // namespace fettle::generate
