#include "core/export/selftest.h"

#include "core/base/words.h"
#include "core/model/decoder.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace fettle::exporting {

std::vector<std::vector<TokenId>> probePrompts(const text::Tokenizer &tokenizer, const model::ModelConfig &config)
{
    constexpr std::array<std::string_view, 5> kTexts = {
        "When does the clinic open on Saturdays?",
        "Write a short note to a client whose cat was seen today.",
        "Die Katze schläft. Le chat dort. 猫が寝ています。",
        "for (int i = 0; i < 10; ++i) { total += prices[i] * 1.19; }",
        "One, two, three, four, five, six, seven, eight, nine, ten",
    };
    std::vector<std::vector<TokenId>> prompts;
    for (const auto text : kTexts) {
        auto encoding = tokenizer.encode(text);
        if (!encoding)
            continue;
        auto ids = std::move(encoding->ids);
        std::erase_if(ids, [&](TokenId id) { return id < 0 || id >= config.vocabulary; });
        ids.resize(std::min(ids.size(), static_cast<std::size_t>(std::max<std::int64_t>(1, config.context))));
        if (!ids.empty())
            prompts.push_back(std::move(ids));
    }
    return prompts;
}

Result<SelfTest> compareLogits(const model::ModelWeights &expected, const model::Sites &expectedSites, const model::ModelWeights &found,
                               const model::Sites &foundSites, const std::vector<std::vector<TokenId>> &prompts, double tolerance)
{
    SelfTest test;
    test.prompts = static_cast<int>(prompts.size());
    if (prompts.empty()) {
        test.cause = tr("the tokenizer made no tokens of the probe prompts");
        return test;
    }
    double largest = 0;
    for (const auto &ids : prompts) {
        const auto batch = model::packDocument(ids);
        auto a = model::computeLogits(expected, batch, expectedSites);
        if (!a)
            return passError(a);
        auto b = model::computeLogits(found, batch, foundSites);
        if (!b)
            return passError(b);
        if (a->sizes() != b->sizes()) {
            test.cause = tr("the vocabulary has {} tokens in the file, {} before", b->size(1), a->size(1));
            return test;
        }
        const double difference = (*a - *b).abs().max().item<double>();
        if (!(difference <= test.maxLogitDifference)) // keeps a NaN
            test.maxLogitDifference = difference;
        largest = std::max(largest, a->abs().max().item<double>());
    }
    test.hasPassed = test.maxLogitDifference <= tolerance * largest;
    if (!test.hasPassed)
        test.cause = tr("the logits differ by up to {:.3g}, where {:.3g} is allowed", test.maxLogitDifference, tolerance * largest);
    return test;
}

} // namespace fettle::exporting
