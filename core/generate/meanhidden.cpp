// Generator::meanHidden: several texts in a pass, a long one in pieces.
#include "core/generate/generatorstate.h"

#include "core/base/words.h"
#include "core/generate/batch.h"

#include <algorithm>

namespace fettle::generate {

namespace {

// Sum of the hidden states that count, and how many they are.
struct HiddenSum {
    std::vector<double> sum;
    std::size_t count = 0;
};

} // namespace

Result<std::vector<std::vector<float>>> Generator::meanHidden(std::span<const HiddenText> texts, const DecodeAdapter *adapter, std::stop_token stop)
{
    const auto width = static_cast<std::size_t>(config().width);
    std::vector<std::vector<float>> means;
    std::vector<float> row(width);
    for (const HiddenText &text : texts) {
        if (auto checked = checkPrompt(text.ids, adapter); !checked)
            return passError(checked);
    }
    for (std::size_t first = 0; first < texts.size();) {
        // As many whole texts as a pass holds; one that is longer is read alone.
        std::size_t last = first, rows = 0;
        while (last < texts.size() && (last == first || rows + texts[last].ids.size() <= kRowsPerPass))
            rows += texts[last++].ids.size();
        std::vector<KvCache> caches;
        std::vector<HiddenSum> sums(last - first, HiddenSum{std::vector<double>(width), 0});
        for (std::size_t i = first; i < last; ++i) {
            const std::size_t length = texts[i].ids.size() + (adapter ? adapter->startLength() : 0);
            auto cache = startCache(KvShape(config()), adapter, config().isLongText(static_cast<std::int64_t>(length)));
            if (!cache)
                return passError(cache);
            caches.push_back(std::move(*cache));
        }
        for (std::size_t begin = 0; begin < rows; begin += kRowsPerPass) {
            std::vector<StepPart> parts;
            for (std::size_t i = first; i < last; ++i) {
                StepPart part;
                part.cache = &caches[i - first];
                part.tokens = std::span(texts[i].ids).subspan(begin, std::min(kRowsPerPass, texts[i].ids.size() - begin));
                part.adapter = adapter;
                part.wanted = WantedLogits::None;
                parts.push_back(part);
            }
            if (const auto done = m_state->step->run(parts, stop); !done)
                return passError(done);
            std::size_t at = 0;
            for (std::size_t i = first; i < last; ++i) {
                const HiddenText &text = texts[i];
                const bool isAll = std::ranges::none_of(text.counts, [](std::uint8_t counts) { return counts != 0; });
                HiddenSum &sum = sums[i - first];
                for (std::size_t token = 0; token < parts[i - first].tokens.size(); ++token, ++at) {
                    if (!isAll && text.counts[begin + token] == 0)
                        continue;
                    m_state->step->finalHidden(at, row.data());
                    for (std::size_t c = 0; c < width; ++c)
                        sum.sum[c] += row[c];
                    ++sum.count;
                }
            }
        }
        for (const HiddenSum &sum : sums) {
            std::vector<float> mean(width);
            for (std::size_t c = 0; c < width; ++c)
                mean[c] = static_cast<float>(sum.sum[c] / static_cast<double>(std::max<std::size_t>(1, sum.count)));
            means.push_back(std::move(mean));
        }
        first = last;
    }
    return means;
}

} // namespace fettle::generate
