#include "core/base/memory.h"
#include "core/base/words.h"
#include "core/export/selftest.h"
#include "core/export/tokenizerfiles.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/generator.h"
#include "core/model/decoder.h"
#include "core/model/torcherror.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace fettle::exporting {

namespace {

constexpr double kAllowedGap = 1e-4; // of a next token's probability: sums in another order

bool isMultiple(const at::Tensor &found, const at::Tensor &expected)
{
    const double size = expected.square().sum().item<double>();
    if (!(size > 0))
        return found.equal(expected);
    const double times = (found * expected).sum().item<double>() / size;
    return times > 0 && (found - expected * times).abs().max().item<double>() <= 1e-6 * found.abs().max().item<double>();
}

// By name. Some methods are kept in another form than they are trained in (PiSSA, a prefix with its projection): what they say is compared alone then.
Check checkTensors(const tune::Adapter &expected, const tune::Adapter &found, KeptValues kept)
{
    Check check{tr("Every tensor"), {}, tr("all the same"), true};
    std::map<std::string, at::Tensor> written;
    for (const tune::NamedParameter &parameter : found.parameters())
        written[parameter.name] = parameter.tensor;
    const auto all = expected.parameters();
    const bool isSameForm = written.size() == all.size() && std::ranges::all_of(all, [&](const tune::NamedParameter &parameter) {
        const auto own = written.find(parameter.name);
        return own != written.end() && own->second.sizes() == parameter.tensor.sizes();
    });
    if (!isSameForm) {
        check.result = tr("{}, in another form", written.size());
        check.wanted = tr("shown only");
        return check;
    }
    std::size_t same = 0;
    std::string first;
    for (const tune::NamedParameter &parameter : all) {
        const at::Tensor &own = written[parameter.name];
        const bool isSame = kept == KeptValues::AsTrained ? own.equal(parameter.tensor) : isMultiple(own, parameter.tensor);
        same += isSame ? 1 : 0;
        if (!isSame && first.empty())
            first = tr("; {} has other values", parameter.name);
    }
    check.hasPassed = first.empty();
    check.result = tr("{} of {}{}", same, all.size(), first);
    return check;
}

struct Effect {
    double gap = 0, logitDifference = 0; // largest, over all places of the probe prompts
    double wanted = 0, common = 0;       // sums: of the squared change that the exported adapter makes, and of that times the file's
};

// What both adapters make of one prompt, and the base without them.
Result<> compareEffect(const Source &source, const tune::Adapter &found, const std::vector<TokenId> &prompt, Effect &effect, const std::stop_token &stop)
{
    const auto base = logitsOf(*source.weights, prompt, model::NoSites{}, stop);
    const auto expected = logitsOf(*source.weights, prompt, *source.adapter, stop);
    const auto own = logitsOf(*source.weights, prompt, found, stop);
    for (const auto *logits : {&base, &expected, &own})
        if (!*logits)
            return passError(*logits);
    const double gap = (at::softmax(*expected, -1) - at::softmax(*own, -1)).abs().max().item<double>();
    const double difference = (*expected - *own).abs().max().item<double>();
    if (!(gap <= effect.gap)) // keeps a NaN
        effect.gap = gap;
    if (!(difference <= effect.logitDifference))
        effect.logitDifference = difference;
    const at::Tensor change = (*expected - *base).reshape({-1});
    effect.wanted += at::dot(change, change).item<double>();
    effect.common += at::dot(change, (*own - *base).reshape({-1})).item<double>();
    return {};
}

// The same questions to both, decoded as everywhere in the program.
Result<Check> compareAnswers(const Source &source, const tune::Adapter &found, const std::vector<std::vector<TokenId>> &prompts, std::stop_token stop)
{
    auto generator = generate::Generator::load(source.model, 0, {}, stop);
    if (!generator)
        return passError(generator);
    const auto before = (*generator)->addAdapter(*source.adapter), after = (*generator)->addAdapter(found);
    if (!before || !after)
        return passError(before ? after : before);
    std::vector<generate::SequenceRequest> requests;
    for (const auto &prompt : prompts)
        for (const auto &adapter : {*before, *after}) {
            generate::SequenceRequest request;
            request.prompt = prompt;
            request.prompt.resize(std::min(prompt.size(), static_cast<std::size_t>(std::max<std::int64_t>(1, (*generator)->config().context / 2)))); // room for virtual tokens
            request.adapter = adapter;
            request.sampling.isGreedy = true;
            request.maxTokens = kGreedyTokens; // or until the context is full
            requests.push_back(std::move(request));
        }
    const auto answers = (*generator)->generate(requests, {}, stop);
    if (!answers)
        return passError(answers);
    if (stop.stop_requested())
        return cancelledExport();
    std::size_t same = 0, all = 0;
    for (std::size_t i = 0; i < answers->size(); i += 2) {
        const auto &own = (*answers)[i].ids, &other = (*answers)[i + 1].ids;
        all += own.size();
        same += static_cast<std::size_t>(std::ranges::mismatch(own, other).in1 - own.begin());
    }
    return Check{tr("Greedy answers, first {} tokens", kGreedyTokens), tr("{} of {} the same", same, all), tr("all"), same == all};
}

} // namespace

Result<SelfTest> testAdapter(Source source, const std::shared_ptr<tune::Adapter> &reloaded, KeptValues kept, const ProgressCallback &progress, std::stop_token stop)
try {
    const FullStrength full(source.adapter);
    const auto tokenizer = loadTokenizer(source.model);
    if (!tokenizer)
        return passError(tokenizer);
    const auto prompts = probePrompts(*tokenizer, source.weights->config);
    SelfTest test;
    if (prompts.empty()) {
        test.cause = tr("the tokenizer made no tokens of the probe prompts");
        return test;
    }
    test.checks.push_back(checkTensors(*source.adapter, *reloaded, kept));
    Effect effect;
    for (const auto &prompt : prompts) {
        if (stop.stop_requested())
            return cancelledExport();
        if (progress)
            progress({tr("Checking the adapter"), test.prompts, static_cast<std::int64_t>(prompts.size()) + 1, -1});
        if (auto compared = compareEffect(source, *reloaded, prompt, effect, stop); !compared)
            return passError(compared);
        ++test.prompts;
    }
    test.maxLogitDifference = effect.logitDifference;
    const double times = effect.wanted > 0 ? effect.common / effect.wanted : 1.0;
    test.checks.push_back({tr("Scale"), tr("{:.4g} times the change that was learnt", times), tr("once"), std::abs(times - 1) <= 0.01});
    test.checks.push_back({tr("Next-token probability"), tr("at most {:.2g} points apart", 100 * effect.gap), tr("below {:.2g} points", 100 * kAllowedGap), effect.gap <= kAllowedGap});
    source.weights.reset();
    returnFreeMemory();
    auto answers = compareAnswers(source, *reloaded, prompts, stop);
    if (!answers)
        return passError(answers);
    test.checks.push_back(*answers);
    nameCause(test);
    return test;
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, tr("checking the adapter")));
}

} // namespace fettle::exporting
