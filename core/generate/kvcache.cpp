#include "core/generate/kvcache.h"

#include "core/generate/attentionkernel.h"
#include "core/generate/packedmatrix.h"

#include <cstring>

namespace fettle::generate {

KvShape::KvShape(const model::ModelConfig &config)
    : layers(static_cast<std::size_t>(config.layers))
    , heads(static_cast<std::size_t>(config.keyValueHeads))
    , headSize(static_cast<std::size_t>(config.headSize))
    , paddedHead((static_cast<std::size_t>(config.headSize) + kPanelRows - 1) / kPanelRows * kPanelRows)
{
}

std::size_t KvShape::keyOffset(std::size_t layer, std::size_t head) const
{
    return (layer * heads + head) * kKeyChunk * (headSize + paddedHead);
}

std::size_t KvShape::valueOffset(std::size_t layer, std::size_t head) const { return keyOffset(layer, head) + kKeyChunk * headSize; }

std::size_t KvShape::pageBytes() const { return keyOffset(layers, 0) * sizeof(float); }

Result<> KvCache::addPage()
{
    auto buffer = AlignedBuffer::allocate(m_shape.pageBytes());
    if (!buffer)
        return passError(buffer);
    m_pages.push_back(std::make_shared<AlignedBuffer>(std::move(*buffer)));
    m_pointers.push_back(m_pages.back()->floats());
    return {};
}

Result<> KvCache::reserve(std::size_t positions)
{
    while (m_pages.size() * kKeyChunk < positions) {
        if (auto added = addPage(); !added)
            return added;
    }
    return {};
}

Result<KvCache> KvCache::fork() const
{
    KvCache copy(m_shape);
    copy.m_length = m_length;
    copy.m_isLong = m_isLong;
    const std::size_t full = m_length / kKeyChunk;
    copy.m_pages.assign(m_pages.begin(), m_pages.begin() + static_cast<std::ptrdiff_t>(full));
    copy.m_pointers.assign(m_pointers.begin(), m_pointers.begin() + static_cast<std::ptrdiff_t>(full));
    if (m_length % kKeyChunk > 0) {
        if (auto added = copy.addPage(); !added)
            return passError(added);
        std::memcpy(copy.m_pointers.back(), m_pointers[full], m_shape.pageBytes());
    }
    return copy;
}

void KvCache::write(std::size_t layer, std::size_t head, std::size_t position, const float *key, const float *value)
{
    float *page = m_pointers[position / kKeyChunk];
    const std::size_t place = position % kKeyChunk;
    float *keys = page + m_shape.keyOffset(layer, head) + place / kPanelRows * m_shape.headSize * kPanelRows + place % kPanelRows;
    for (std::size_t i = 0; i < m_shape.headSize; ++i)
        keys[i * kPanelRows] = key[i];
    std::memcpy(page + m_shape.valueOffset(layer, head) + place * m_shape.paddedHead, value, m_shape.headSize * sizeof(float));
}

} // namespace fettle::generate
