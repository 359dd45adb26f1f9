#include "core/base/memory.h"
#include "core/base/words.h"
#include "core/export/selftest.h"
#include "core/export/tokenizerfiles.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/endtokens.h"
#include "core/generate/generator.h"
#include "core/io/gguf.h"
#include "core/model/decoder.h"
#include "core/model/torcherror.h"
#include "core/model/weightsource.h"
#include "core/text/chattemplate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace fettle::exporting {

namespace {

using io::StorageType;

// Largest share of a tensor's values (root of mean squares) that rounding to a type may change. A wrong scale or order changes more than half.
double roundingOf(StorageType type)
{
    switch (type) {
    case StorageType::F32: return 1e-6;
    case StorageType::F16: return 1e-3;
    case StorageType::BF16: return 4e-3;
    case StorageType::Q8_0: return 0.02;
    case StorageType::Q6_K: return 0.06;
    case StorageType::Q5_K:
    case StorageType::Q5_0:
    case StorageType::Q5_1: return 0.12;
    default: return 0.25;
    }
}

// What may lie between the scores of a next token: of its probability, and of the logits relative to the largest. Nothing where the type rounds so
// much that only the tensors themselves are judged.
struct Allowed {
    double gap, logits;
};
std::optional<Allowed> allowedBy(GgufForm form)
{
    switch (form) {
    case GgufForm::F32: return Allowed{0.01, 1e-3};
    case GgufForm::F16: return Allowed{0.03, 2e-2};
    case GgufForm::Bf16: return Allowed{0.15, 0.1};
    case GgufForm::Q8_0: return Allowed{0.2, 0.15};
    default: return std::nullopt;
    }
}

std::string percent(double share)
{
    return fmt::format("{:.2g} %", 100.0 * share);
}

// A reason that people know: all values, or what the adapter adds, are a multiple of what they should be. Nothing where it is another one.
std::string scaleOf(const at::Tensor &base, const at::Tensor &expected, const at::Tensor &found)
{
    const auto factor = [](const at::Tensor &wanted, const at::Tensor &is) -> std::optional<double> {
        const double size = at::dot(wanted, wanted).item<double>();
        const double times = size > 0 ? at::dot(wanted, is).item<double>() / size : 0;
        const bool isMultiple = size > 0 && std::abs(times - 1) > 0.02 && (is - wanted * times).norm().item<double>() <= 0.02 * std::max(std::abs(times), 0.1) * std::sqrt(size);
        return isMultiple ? std::optional(times) : std::nullopt;
    };
    if (const auto times = factor(expected, found))
        return tr("the scale: its values are {:.3g} times as large", *times);
    if (const auto times = factor(expected - base, found - base))
        return tr("the scale: the adapter is in it {:.3g} times instead of once", *times);
    return {};
}

Check checkTypes(const model::WeightSource &file, const TypeOf &typeOf)
{
    Check check{tr("Types"), {}, tr("as chosen"), true};
    std::size_t same = 0;
    std::string first;
    for (const model::SourceTensor &tensor : file.tensors()) {
        const StorageType wanted = typeOf(tensor);
        same += tensor.entry.type == wanted ? 1 : 0;
        if (tensor.entry.type != wanted && first.empty())
            first = tr("{} is {}, not {}", tensor.entry.name, io::nameOf(tensor.entry.type), io::nameOf(wanted));
    }
    check.hasPassed = first.empty();
    check.result = check.hasPassed ? file.storage() : tr("{} of {}; {}", same, file.tensors().size(), first);
    return check;
}

// A tensor as the file holds it, read and compared in pieces, between which a stop is heard.
struct ReadBack {
    at::Tensor values;
    double error = 0; // share of the expected values, root of mean squares
};

Result<ReadBack> readBack(const model::SourceTensor &tensor, const at::Tensor &expected, const std::stop_token &stop)
{
    constexpr std::int64_t kPieceValues = 1 << 22;
    ReadBack read{at::empty_like(expected), 0};
    const std::int64_t rows = tensor.entry.rows(), width = expected.numel() / std::max<std::int64_t>(1, rows);
    double size = 0, error = 0; // squares
    for (std::int64_t row = 0, count = 0; row < rows; row += count) {
        if (stop.stop_requested())
            return cancelledExport();
        count = std::min(rows - row, std::max<std::int64_t>(1, kPieceValues / std::max<std::int64_t>(1, width)));
        const at::Tensor found = read.values.narrow(0, row * width, count * width), wanted = expected.narrow(0, row * width, count * width);
        if (auto decoded = tensor.decodeRows(row, count, {found.data_ptr<float>(), static_cast<std::size_t>(found.numel())}); !decoded)
            return passError(decoded);
        size += std::pow(wanted.norm().item<double>(), 2);
        error += std::pow((found - wanted).norm().item<double>(), 2);
    }
    read.error = std::sqrt(error) / std::max(std::sqrt(size), 1e-30);
    return read;
}

Result<Check> checkTensors(const Source &source, const model::WeightSource &file, std::stop_token stop)
{
    Check check{tr("Every tensor"), {}, tr("all, within rounding"), true};
    std::string worstName, reason;
    double worst = 0, worstError = 0;
    std::int64_t same = 0;
    for (const model::SourceTensor &tensor : file.tensors()) {
        if (stop.stop_requested())
            return cancelledExport();
        const auto merged = exportedTensor(source, tensor.name);
        if (!merged)
            return passError(merged);
        const at::Tensor expected = merged->to(at::kFloat).contiguous().reshape({-1});
        const auto found = readBack(tensor, expected, stop);
        if (!found)
            return passError(found);
        const double share = found->error / roundingOf(tensor.entry.type);
        if (!(share <= worst)) { // keeps a NaN
            worst = share;
            worstError = found->error;
            worstName = fmt::format("{} ({})", tensor.entry.name, io::nameOf(tensor.entry.type));
            reason = share <= 1 ? std::string() : scaleOf(source.weights->tensor(tensor.name).to(at::kFloat).reshape({-1}), expected, found->values);
        }
        same += share <= 1 ? 1 : 0;
        file.forgetRead();
    }
    const auto all = static_cast<std::int64_t>(file.tensors().size());
    check.hasPassed = same == all;
    check.result = check.hasPassed ? tr("{} of {}, at most {} off", same, all, percent(worstError)) : tr("{} of {}; {} is {} off", same, all, worstName, percent(worstError));
    if (!reason.empty())
        check.result += ", " + reason;
    return check;
}

Check checkTokenizer(const text::Tokenizer &expected, const text::Tokenizer &found, const std::string &chatText)
{
    Check check{tr("Token numbers"), {}, tr("all the same"), true};
    const std::array<std::string, 7> texts = {"When does the clinic open on Saturdays?", "Die Katze schläft. Le chat dort. 猫が寝ています。", "  two  spaces\n\n\ttab 12345 3.14",
                                              "for (int i = 0; i < 10; ++i) { total += prices[i] * 1.19; }", "I'll, you've, don't — “quoted” … 🐕‍🦺 Grüße", "ALL CAPS and CamelCase_snake", chatText};
    int same = 0;
    for (const std::string &text : texts) {
        const auto a = expected.encode(text), b = found.encode(text);
        if (a && b && a->ids == b->ids)
            ++same;
        else if (check.hasPassed) {
            check.hasPassed = false;
            check.result = tr("the tokenizer splits \"{}\" in another way", text.substr(0, 60));
        }
    }
    if (check.hasPassed)
        check.result = tr("{} of {} texts", same, texts.size());
    return check;
}

struct Answerer { // one of both sides: how it reads a conversation
    std::optional<text::ChatTemplate> chatTemplate;
    std::vector<TokenId> ends;
};

std::string renderedBy(const Answerer &side, const text::Tokenizer &tokenizer)
{
    if (!side.chatTemplate)
        return {};
    text::RenderContext context = text::renderContextFor(tokenizer);
    context.addGenerationPrompt = true;
    auto rendered = side.chatTemplate->render({{{"role", "user"}, {"content", "When do you open?"}}, {{"role", "assistant"}, {"content", "At nine."}}, {{"role", "user"}, {"content", "And on Sundays?"}}}, context);
    return rendered ? rendered->text : std::string();
}

Check checkTemplate(const std::string &expected, const std::string &found)
{
    Check check{tr("Chat template"), tr("the same"), tr("the same"), expected == found};
    if (expected.empty() && found.empty())
        check.result = tr("neither has one");
    else if (!check.hasPassed)
        check.result = tr("the chat template writes another text");
    return check;
}

// What the file's decoder says after one probe prompt.
struct Spoken {
    std::vector<TokenId> prompt, ids; // ids: its greedy answer
    std::vector<float> logits;        // after each token of both but the last, whose successor nobody asks
    [[nodiscard]] std::vector<TokenId> read() const
    {
        std::vector<TokenId> whole = prompt;
        whole.insert(whole.end(), ids.begin(), ids.end());
        whole.pop_back();
        return whole;
    }
};

generate::SequenceRequest requestFor(const std::vector<TokenId> &prompt, const model::ModelConfig &config)
{
    generate::SequenceRequest request;
    request.prompt = prompt;
    request.sampling.isGreedy = true;
    const auto length = static_cast<std::int64_t>(prompt.size());
    std::int64_t room = config.context - length;
    // Tokens before the border of a model with two rotary tables were chosen by the first; one pass over a longer text would use the second.
    if (config.ropeScaling.kind == model::RopeScalingKind::LongRope && !config.isLongText(length))
        room = std::min(room, config.ropeScaling.originalContext - length + 1);
    request.maxTokens = static_cast<int>(std::clamp<std::int64_t>(room, 1, kGreedyTokens));
    return request;
}

// Loads the files from scratch and lets go of them again.
Result<std::vector<Spoken>> speak(const std::filesystem::path &file, const std::vector<std::vector<TokenId>> &prompts, const ProgressCallback &progress, std::stop_token stop)
{
    auto generator = generate::Generator::load(file, 0, {}, stop);
    if (!generator)
        return passError(generator);
    std::vector<generate::SequenceRequest> requests;
    for (const auto &prompt : prompts)
        requests.push_back(requestFor(prompt, (*generator)->config()));
    const auto answers = (*generator)->generate(requests, {}, stop);
    if (!answers)
        return passError(answers);
    std::vector<Spoken> all;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        if (progress)
            progress({tr("Checking the files"), static_cast<std::int64_t>(i), static_cast<std::int64_t>(2 * prompts.size()), -1});
        Spoken spoken{prompts[i], (*answers)[i].ids, {}};
        if (stop.stop_requested() || spoken.ids.empty() || spoken.prompt.size() + spoken.ids.size() < 2)
            return cancelledExport();
        auto logits = (*generator)->logits(spoken.read(), nullptr, 1.0, stop);
        if (!logits)
            return passError(logits);
        spoken.logits = std::move(*logits);
        all.push_back(std::move(spoken));
    }
    return all;
}

// The file's decoder against the exported weights, read in one pass over prompt and answer.
struct Speech {
    double gap = 0, logitDifference = 0; // largest, of the next token's probability after each prompt token
    double largestLogit = 0;
    std::int64_t same = 0, tokens = 0;   // greedy tokens until the first that differs
};

Result<> compareSpeech(const model::ModelWeights &weights, const model::Sites &sites, Spoken &spoken, Speech &speech, std::stop_token stop)
{
    const auto logits = logitsOf(weights, spoken.read(), sites, stop);
    if (!logits)
        return passError(logits);
    const at::Tensor &expected = *logits, other = at::from_blob(spoken.logits.data(), expected.sizes(), at::kFloat);
    const double gap = (at::softmax(expected, -1) - at::softmax(other, -1)).abs().max().item<double>();
    const double difference = (expected - other).abs().max().item<double>();
    if (!(gap <= speech.gap))
        speech.gap = gap;
    if (!(difference <= speech.logitDifference))
        speech.logitDifference = difference;
    speech.largestLogit = std::max(speech.largestLogit, expected.abs().max().item<double>());
    speech.tokens += static_cast<std::int64_t>(spoken.ids.size());
    for (std::size_t i = 0; i < spoken.ids.size(); ++i) {
        const at::Tensor row = expected[static_cast<std::int64_t>(spoken.prompt.size() + i) - 1];
        const double best = row.max().item<double>(), own = row[spoken.ids[i]].item<double>();
        if (best - own > 1e-3 * std::abs(best)) // a tie may fall to either side
            break;
        ++speech.same;
    }
    return {};
}

Check checkEnds(const std::vector<TokenId> &expected, const std::vector<TokenId> &found, const text::Tokenizer &tokenizer)
{
    Check check{tr("Tokens that end an answer"), {}, tr("the same"), true};
    for (const TokenId id : expected)
        check.result += (check.result.empty() ? "" : ", ") + std::string(tokenizer.tokenText(id));
    // The file may know more of them, never fewer.
    check.hasPassed = std::includes(found.begin(), found.end(), expected.begin(), expected.end());
    if (!check.hasPassed)
        check.result = tr("the file does not end answers at {}", check.result);
    return check;
}

// The exported weights again, where they were let go of meanwhile.
Result<std::shared_ptr<const model::ModelWeights>> takenBack(const std::weak_ptr<const model::ModelWeights> &kept, const std::filesystem::path &model, std::stop_token stop)
{
    if (auto weights = kept.lock())
        return weights;
    return model::loadWeights(model, {}, stop, {model::WeightStorage::File});
}

Result<> checkSpeech(Source source, GgufForm form, const std::filesystem::path &file, const text::Tokenizer &tokenizer, SelfTest &test, const ProgressCallback &progress,
                     std::stop_token stop)
{
    const auto prompts = probePrompts(tokenizer, source.weights->config);
    const std::weak_ptr<const model::ModelWeights> kept = source.weights;
    source.weights.reset();
    returnFreeMemory();
    auto spoken = speak(file, prompts, progress, stop);
    if (!spoken)
        return passError(spoken);
    returnFreeMemory();
    const auto weights = takenBack(kept, source.model, stop);
    if (!weights)
        return passError(weights);
    const model::NoSites nothing;
    const model::Sites &sites = source.adapter ? static_cast<const model::Sites &>(*source.adapter) : nothing;
    Speech speech;
    for (Spoken &one : *spoken) {
        if (progress)
            progress({tr("Checking the files"), static_cast<std::int64_t>(prompts.size()) + test.prompts, static_cast<std::int64_t>(2 * prompts.size()), -1});
        if (auto compared = compareSpeech(**weights, sites, one, speech, stop); !compared)
            return compared;
        ++test.prompts;
    }
    test.maxLogitDifference = speech.logitDifference;
    const auto allowed = allowedBy(form);
    const double relative = speech.logitDifference / std::max(speech.largestLogit, 1e-30);
    test.checks.push_back({tr("Next-token probability"), tr("at most {:.2g} points apart", 100 * speech.gap), allowed ? tr("below {:.2g} points", 100 * allowed->gap) : tr("shown only"),
                           allowed ? speech.gap <= allowed->gap && relative <= allowed->logits : std::isfinite(speech.gap)});
    if (!test.checks.back().hasPassed)
        test.checks.back().result += tr(", logits {} of the largest", percent(relative));
    const bool mustAgree = form == GgufForm::F32;
    test.isRounded = !mustAgree && speech.same != speech.tokens;
    test.checks.push_back({tr("Greedy answers, first {} tokens", kGreedyTokens), tr("{} of {} the same", speech.same, speech.tokens), mustAgree ? tr("all") : speech.same == speech.tokens ? tr("shown only") : tr("more bits: nearer"),
                           !mustAgree || speech.same == speech.tokens});
    return {};
}

} // namespace

Result<SelfTest> testModel(Source source, GgufForm form, const TypeOf &typeOf, const std::filesystem::path &file, const ProgressCallback &progress, std::stop_token stop)
try {
    SelfTest test;
    if (progress)
        progress({tr("Checking the files"), 0, 0, -1});
    auto weights = model::WeightSource::open(file);
    if (!weights)
        return passError(weights);
    test.checks.push_back(checkTypes(**weights, typeOf));
    auto tensors = checkTensors(source, **weights, stop);
    if (!tensors)
        return passError(tensors);
    test.checks.push_back(*tensors);
    const auto before = loadTokenizer(source.model), after = loadTokenizer(file);
    if (!before || !after)
        return passError(before ? after : before);
    const auto templateOf = [](const std::filesystem::path &model) -> std::optional<text::ChatTemplate> {
        auto read = loadChatTemplate(model);
        return read ? std::optional(*read) : std::nullopt;
    };
    const Answerer expected{templateOf(source.model), {}}, found{templateOf(file), {}};
    const std::string chatText = renderedBy(expected, *before);
    test.checks.push_back(checkTokenizer(*before, *after, chatText));
    test.checks.push_back(checkTemplate(chatText, renderedBy(found, *after)));
    const auto endsOf = [](const Answerer &side, const text::Tokenizer &tokenizer, const model::ModelConfig &config, const std::filesystem::path &path) {
        return generate::endTokens(config, tokenizer, side.chatTemplate ? &*side.chatTemplate : nullptr, path);
    };
    test.checks.push_back(checkEnds(endsOf(expected, *before, source.weights->config, source.model), endsOf(found, *after, (*weights)->config(), file), *before));
    if (auto spoken = checkSpeech(std::move(source), form, file, *before, test, progress, stop); !spoken)
        return passError(spoken);
    nameCause(test);
    return test;
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, tr("checking the model")));
}

} // namespace fettle::exporting
