#include "core/export/selftest.h"

#include "core/base/words.h"
#include "core/model/decoder.h"

#include <algorithm>
#include <array>
#include <cmath>
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

Result<at::Tensor> exportedTensor(const Source &source, const std::string &name)
{
    const at::NoGradGuard guard;
    at::Tensor values = source.adapter ? source.adapter->mergedTensor(*source.weights, name) : source.weights->tensor(name);
    const auto [lowest, highest] = at::aminmax(values); // both keep a NaN
    if (!std::isfinite(lowest.item<float>()) || !std::isfinite(highest.item<float>()))
        return fail(ErrorCode::BadInput, tr("Merging the adapter makes {} not finite.", name), tr("Use an earlier checkpoint of the run."));
    return values;
}

Result<at::Tensor> logitsOf(const model::ModelWeights &weights, const std::vector<TokenId> &ids, const model::Sites &sites, const std::stop_token &stop)
{
    const at::NoGradGuard guard;
    const model::PackedBatch batch = model::packDocument(ids);
    if (auto checked = model::checkBatch(weights.config, batch); !checked)
        return passError(checked);
    return model::headLogits(weights, model::forwardHidden(weights, batch, sites, [stop] { return stop.stop_requested(); }), sites.head());
}

tl::unexpected<Error> cancelledExport()
{
    return fail(ErrorCode::Cancelled, tr("The export was cancelled."), tr("Nothing was written."));
}

void nameCause(SelfTest &test)
{
    const auto failed = std::ranges::find(test.checks, false, &Check::hasPassed);
    test.hasPassed = failed == test.checks.end();
    if (!test.hasPassed)
        test.cause = fmt::format("{}: {}", failed->what, failed->result);
}

} // namespace fettle::exporting
