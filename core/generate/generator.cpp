#include "core/generate/generatorstate.h"

#include "core/base/words.h"
#include "core/generate/batch.h"
#include "core/generate/endtokens.h"
#include "core/io/gguf.h"
#include "core/model/torcherror.h"
#include "core/model/weightsource.h"
#include "core/text/chattemplate.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace fettle::generate {

namespace {

// What the model's files say about text. Nothing where they have no tokenizer.
struct TextParts {
    std::optional<text::Tokenizer> tokenizer;
    std::optional<text::ChatTemplate> chatTemplate;
};

// A broken template is no reason to refuse the model here: it only adds to the tokens that end an answer.
std::optional<text::ChatTemplate> orNothing(Result<text::ChatTemplate> chatTemplate)
{
    return chatTemplate ? std::optional(std::move(*chatTemplate)) : std::nullopt;
}

Result<TextParts> loadText(const std::filesystem::path &path)
{
    if (path.extension() == ".gguf") {
        const auto gguf = io::Gguf::open(path);
        if (!gguf)
            return passError(gguf);
        if (!gguf->has("tokenizer.ggml.model"))
            return TextParts{};
        auto tokenizer = text::Tokenizer::fromGguf(*gguf);
        if (!tokenizer)
            return passError(tokenizer);
        return TextParts{std::move(*tokenizer), orNothing(text::ChatTemplate::fromGguf(*gguf))};
    }
    std::error_code problem;
    if (!std::filesystem::exists(path / "tokenizer.json", problem) && !std::filesystem::exists(path / "tokenizer.model", problem))
        return TextParts{};
    auto tokenizer = text::Tokenizer::fromFolder(path);
    if (!tokenizer)
        return passError(tokenizer);
    return TextParts{std::move(*tokenizer), orNothing(text::ChatTemplate::fromTokenizerFolder(path))};
}

} // namespace

Generator::Generator(std::unique_ptr<State> state)
    : m_state(std::move(state))
{
}

Generator::~Generator() = default;

Result<std::unique_ptr<Generator>> Generator::load(const std::filesystem::path &model, int threads, const ProgressCallback &progress,
                                                   std::stop_token stop)
{
    const auto source = model::WeightSource::open(model);
    if (!source)
        return passError(source);
    auto parts = loadText(model);
    if (!parts)
        return passError(parts);
    auto state = std::make_unique<State>(threads);
    auto weights = DecodeWeights::load(**source, state->pool, progress, stop);
    if (!weights)
        return passError(weights);
    state->path = model;
    state->weights = std::move(*weights);
    state->step = std::make_unique<DecodeStep>(state->weights, state->pool);
    state->tokenizer = std::move(parts->tokenizer);
    if (state->tokenizer) {
        state->endTokens = generate::endTokens(state->weights->config, *state->tokenizer, parts->chatTemplate ? &*parts->chatTemplate : nullptr, model);
    } else {
        for (const std::int64_t id : state->weights->config.endTokens)
            state->endTokens.push_back(static_cast<TokenId>(id));
        std::sort(state->endTokens.begin(), state->endTokens.end());
    }
    return std::unique_ptr<Generator>(new Generator(std::move(state)));
}

const model::ModelConfig &Generator::config() const { return m_state->weights->config; }
const std::filesystem::path &Generator::path() const { return m_state->path; }
const std::optional<text::Tokenizer> &Generator::tokenizer() const { return m_state->tokenizer; }
void Generator::setEndTokens(std::vector<TokenId> ids)
{
    std::sort(ids.begin(), ids.end());
    m_state->endTokens = std::move(ids);
}
const std::vector<TokenId> &Generator::endTokens() const { return m_state->endTokens; }
std::string Generator::weightHash() const { return m_state->weights->hash(m_state->pool); }
DecodeWeights &Generator::weights() { return *m_state->weights; }

Result<std::shared_ptr<const DecodeAdapter>> Generator::addAdapter(const tune::Adapter &adapter) const
{
    try {
        auto packed = DecodeAdapter::create(adapter, *m_state->weights);
        if (!packed)
            return passError(packed);
        if ((*packed)->hasVirtualTokens()) {
            if (auto read = readVirtualTokens(**packed); !read)
                return passError(read);
        }
        return std::shared_ptr<const DecodeAdapter>(std::move(*packed));
    } catch (const std::exception &exception) { // LibTorch's, when tensors are copied
        return tl::unexpected(model::errorFromException(exception, tr("reading the adapter")));
    }
}

// Virtual tokens see nothing but each other: read once, their keys and values are the beginning of every text.
Result<> Generator::readVirtualTokens(DecodeAdapter &adapter) const
{
    std::vector<TokenId> ids;
    for (std::size_t i = 0; i < adapter.startLength(); ++i)
        ids.push_back(-1 - static_cast<TokenId>(i));
    auto start = std::make_shared<KvCache>(KvShape(config()));
    for (std::size_t first = 0; first < ids.size(); first += kRowsPerPass) {
        StepPart part;
        part.cache = start.get();
        part.tokens = std::span(ids).subspan(first, std::min(kRowsPerPass, ids.size() - first));
        part.adapter = &adapter;
        part.wanted = WantedLogits::None;
        if (const auto read = m_state->step->run({&part, 1}); !read)
            return passError(read);
    }
    adapter.setStart(std::move(start));
    return {};
}

Result<> Generator::checkPrompt(std::span<const TokenId> ids, const DecodeAdapter *adapter) const
{
    if (ids.empty())
        return fail(ErrorCode::BadInput, tr("The prompt is empty."), tr("Write something for the model to answer."));
    const std::size_t length = ids.size() + (adapter ? adapter->startLength() : 0);
    if (config().context > 0 && length > static_cast<std::size_t>(config().context)) {
        return fail(ErrorCode::BadInput, tr("The prompt has {} tokens, but the model reads at most {}.", length, config().context),
                    tr("Shorten the prompt or leave out earlier turns."));
    }
    for (const TokenId id : ids) {
        if (id < 0 || id >= config().vocabulary) {
            return fail(ErrorCode::BadInput, tr("Token {} is outside the model's vocabulary of {}.", id, config().vocabulary),
                        tr("The tokenizer does not belong to this model: check the model's folder."));
        }
    }
    return {};
}

Result<std::vector<SequenceResult>> Generator::generate(std::span<const SequenceRequest> requests, const GenerateCallbacks &callbacks,
                                                        std::stop_token stop)
{
    for (const SequenceRequest &request : requests) {
        if (auto checked = checkPrompt(request.prompt, request.adapter.get()); !checked)
            return passError(checked);
    }
    BatchContext context{*m_state->weights, *m_state->step, m_state->pool, m_state->tokenizer, m_state->endTokens, kRowsPerPass, kMaxTogether};
    return runBatch(context, requests, callbacks, stop);
}

Result<std::vector<float>> Generator::logits(std::span<const TokenId> ids, const DecodeAdapter *adapter, double strength, std::stop_token stop)
{
    if (strength == 0.0)
        adapter = nullptr;
    if (auto checked = checkPrompt(ids, adapter); !checked)
        return passError(checked);
    const std::size_t vocabulary = static_cast<std::size_t>(config().vocabulary);
    std::vector<float> all(ids.size() * vocabulary);
    const std::size_t length = ids.size() + (adapter ? adapter->startLength() : 0);
    auto started = startCache(KvShape(config()), adapter, config().isLongText(static_cast<std::int64_t>(length)));
    if (!started)
        return passError(started);
    KvCache &cache = *started;
    for (std::size_t first = 0; first < ids.size(); first += kRowsPerPass) {
        StepPart part;
        part.cache = &cache;
        part.tokens = ids.subspan(first, std::min(kRowsPerPass, ids.size() - first));
        part.adapter = adapter;
        part.strength = static_cast<float>(strength);
        part.wanted = WantedLogits::All;
        const auto rows = m_state->step->run({&part, 1}, stop);
        if (!rows)
            return passError(rows);
        for (std::size_t row = 0; row < rows->rows; ++row)
            std::memcpy(all.data() + (first + row) * vocabulary, rows->row(row, vocabulary).data(), vocabulary * sizeof(float));
    }
    return all;
}

} // namespace fettle::generate
