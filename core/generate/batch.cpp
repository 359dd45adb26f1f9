#include "core/generate/batch.h"

#include "core/base/words.h"

#include <algorithm>
#include <chrono>

namespace fettle::generate {

namespace {

using Clock = std::chrono::steady_clock;

double secondsBetween(Clock::time_point from, Clock::time_point to) { return std::chrono::duration<double>(to - from).count(); }

// One sequence on its way.
struct Running {
    std::size_t index = 0; // of the request
    const SequenceRequest *request = nullptr;
    KvCache cache;
    std::size_t offset = 0;      // positions in front of the first token, of a prefix
    std::vector<TokenId> tokens; // prompt, then answer
    Sampler sampler;
    std::optional<text::StreamDecoder> decoder;
    std::vector<std::size_t> followers; // requests with the same prompt and adapter that wait for the prompt to be read
    SequenceResult result;
    SampledToken newest;
    Clock::time_point start, first, last;

    Running(std::size_t number, const SequenceRequest &wish, KvCache memory, std::size_t prefix, const std::optional<text::Tokenizer> &tokenizer)
        : index(number)
        , request(&wish)
        , cache(std::move(memory))
        , offset(prefix)
        , tokens(wish.prompt)
        , sampler(wish.sampling)
        , start(Clock::now())
    {
        if (!tokenizer)
            return;
        decoder.emplace(*tokenizer);
        if (wish.start == AnswerStart::ContinuesPrompt) {
            for (const TokenId id : wish.prompt)
                (void)decoder->push(id);
        }
    }
    [[nodiscard]] std::size_t read() const { return cache.length() - offset; }
    [[nodiscard]] std::size_t unread() const { return tokens.size() - read(); }
};

bool readsAlike(const SequenceRequest &a, const SequenceRequest &b)
{
    return a.adapter == b.adapter && a.strength == b.strength && a.prompt == b.prompt;
}

class Batch {
public:
    Batch(BatchContext &context, std::span<const SequenceRequest> requests, const GenerateCallbacks &callbacks, std::stop_token stop)
        : m_context(context)
        , m_requests(requests)
        , m_callbacks(callbacks)
        , m_stop(std::move(stop))
        , m_results(requests.size())
        , m_isTaken(requests.size())
        , m_shape(context.weights.config)
    {
    }

    Result<std::vector<SequenceResult>> run()
    {
        if (auto admitted = admit(); !admitted)
            return passError(admitted);
        while (!m_running.empty()) {
            if (m_stop.stop_requested()) {
                stopAll();
                break;
            }
            if (auto done = pass(); !done) {
                if (done.error().code != ErrorCode::Cancelled)
                    return passError(done);
                stopAll();
                break;
            }
            if (auto admitted = admit(); !admitted)
                return passError(admitted);
        }
        return std::move(m_results);
    }

private:
    // Fills free places. Requests that begin alike come in as followers of one that reads the prompt for all of them.
    Result<> admit()
    {
        std::size_t together = 0;
        for (const auto &running : m_running)
            together += 1 + running->followers.size();
        for (std::size_t i = 0; i < m_requests.size() && together < m_context.maxTogether; ++i) {
            if (m_isTaken[i])
                continue;
            m_isTaken[i] = true;
            ++together;
            if (m_requests[i].maxTokens <= 0) {
                m_results[i].finish = Finish::MaxTokens;
                report(i);
                continue;
            }
            const auto reader = std::find_if(m_running.begin(), m_running.end(), [&](const auto &running) {
                return running->result.ids.empty() && running->read() == 0 && readsAlike(*running->request, m_requests[i]);
            });
            if (reader != m_running.end()) {
                (*reader)->followers.push_back(i);
                continue;
            }
            auto cache = cacheFor(m_requests[i], m_requests[i].prompt.size());
            if (!cache)
                return passError(cache);
            const std::size_t offset = cache->length();
            m_running.push_back(std::make_unique<Running>(i, m_requests[i], std::move(*cache), offset, m_context.tokenizer));
        }
        // The same adapter side by side: its products then serve all its rows at once. Stable, so that nothing else decides the order.
        std::stable_sort(m_running.begin(), m_running.end(), [](const auto &a, const auto &b) {
            if (a->request->adapter != b->request->adapter)
                return a->request->adapter < b->request->adapter;
            return a->request->strength < b->request->strength;
        });
        return {};
    }

    // What a text of so many tokens begins with.
    Result<KvCache> cacheFor(const SequenceRequest &request, std::size_t tokens) const
    {
        const DecodeAdapter *adapter = request.strength == 0.0 ? nullptr : request.adapter.get();
        const std::size_t before = adapter ? adapter->startLength() : 0;
        return startCache(m_shape, adapter, m_context.weights.config.isLongText(static_cast<std::int64_t>(tokens + before)));
    }

    // A text that has grown beyond the original context is read anew: all its keys turn by other factors then.
    Result<> changeFactors()
    {
        for (const auto &running : m_running) {
            if (running->cache.isLong() || !m_context.weights.config.isLongText(static_cast<std::int64_t>(running->tokens.size() + running->offset)))
                continue;
            auto cache = cacheFor(*running->request, running->tokens.size());
            if (!cache)
                return passError(cache);
            running->cache = std::move(*cache);
        }
        return {};
    }

    Result<> pass()
    {
        if (auto changed = changeFactors(); !changed)
            return changed;
        std::vector<StepPart> parts;
        std::vector<Running *> sampled; // in the order of the logits
        // Every answer grows by one token; what is left of the pass reads prompts.
        std::size_t answering = 0;
        for (const auto &running : m_running)
            answering += running->unread() == 1 ? 1 : 0;
        std::size_t left = m_context.rowsPerPass - std::min(answering, m_context.rowsPerPass - 1);
        for (const auto &running : m_running) {
            const std::size_t count = running->unread() == 1 ? 1 : std::min(running->unread(), left);
            if (count == 0)
                continue;
            if (running->unread() > 1)
                left -= count;
            const bool isLast = count == running->unread();
            StepPart part;
            part.cache = &running->cache;
            part.tokens = std::span(running->tokens).subspan(running->read(), count);
            part.adapter = running->request->adapter.get();
            part.strength = static_cast<float>(running->request->strength);
            part.wanted = isLast ? WantedLogits::Last : WantedLogits::None;
            parts.push_back(part);
            if (isLast)
                sampled.push_back(running.get());
        }
        const auto logits = m_context.step.run(parts, m_stop);
        if (!logits)
            return passError(logits);
        return takeLogits(*logits, sampled);
    }

    Result<> takeLogits(const DecodeStep::Logits &logits, const std::vector<Running *> &sampled)
    {
        // Followers start where their prompt has been read, with the same logits.
        std::vector<Running *> takers;
        std::vector<std::size_t> rows;
        for (std::size_t row = 0; row < sampled.size(); ++row) {
            takers.push_back(sampled[row]);
            rows.push_back(row);
            for (const std::size_t follower : sampled[row]->followers) {
                auto cache = sampled[row]->cache.fork();
                if (!cache)
                    return passError(cache);
                auto running = std::make_unique<Running>(follower, m_requests[follower], std::move(*cache), sampled[row]->offset, m_context.tokenizer);
                running->start = sampled[row]->start;
                takers.push_back(running.get());
                rows.push_back(row);
                m_running.push_back(std::move(running));
            }
            sampled[row]->followers.clear();
        }
        const std::size_t vocabulary = static_cast<std::size_t>(m_context.weights.config.vocabulary);
        m_context.pool.run(takers.size(), [&](std::size_t i, int) {
            takers[i]->newest = takers[i]->sampler.next(logits.row(rows[i], vocabulary), takers[i]->tokens);
        });
        std::sort(takers.begin(), takers.end(), [](const Running *a, const Running *b) { return a->index < b->index; });
        for (Running *taker : takers)
            takeToken(*taker);
        std::erase_if(m_running, [](const auto &running) { return running->request == nullptr; });
        return {};
    }

    void takeToken(Running &running)
    {
        const SampledToken &token = running.newest;
        running.last = Clock::now();
        if (running.result.ids.empty()) {
            running.first = running.last;
            running.result.promptSeconds = secondsBetween(running.start, running.first);
        }
        running.tokens.push_back(token.id);
        running.result.ids.push_back(token.id);
        const std::int64_t context = m_context.weights.config.context;
        std::optional<Finish> finish;
        if (std::binary_search(m_context.endTokens.begin(), m_context.endTokens.end(), token.id))
            finish = Finish::EndOfTurn;
        else if (running.result.ids.size() >= static_cast<std::size_t>(running.request->maxTokens))
            finish = Finish::MaxTokens;
        else if (context > 0 && running.tokens.size() + running.offset > static_cast<std::size_t>(context))
            finish = Finish::ContextFull; // the newest token has no position left to be read at
        TokenEvent event;
        event.sequence = running.index;
        event.token = token;
        if (running.decoder) {
            if (finish != Finish::EndOfTurn)
                event.text = running.decoder->push(token.id);
            if (finish)
                event.text += running.decoder->finish();
        }
        running.result.text += event.text;
        if (m_callbacks.token)
            m_callbacks.token(event);
        if (finish)
            end(running, *finish);
    }

    void end(Running &running, Finish finish)
    {
        running.result.finish = finish;
        const double seconds = secondsBetween(running.first, running.last);
        if (running.result.ids.size() > 1 && seconds > 0)
            running.result.tokensPerSecond = static_cast<double>(running.result.ids.size() - 1) / seconds;
        m_results[running.index] = std::move(running.result);
        running.request = nullptr; // taken off the list after the pass
        report(running.index);
    }

    void stopAll()
    {
        for (const auto &running : m_running) {
            for (const std::size_t follower : running->followers)
                report(follower);
            if (running->decoder)
                running->result.text += running->decoder->finish();
            end(*running, Finish::Stopped);
        }
        m_running.clear();
        for (std::size_t i = 0; i < m_requests.size(); ++i) {
            if (!m_isTaken[i])
                report(i); // never begun: an empty result that says Stopped
        }
    }

    void report(std::size_t index)
    {
        if (m_callbacks.finished)
            m_callbacks.finished(index, m_results[index]);
    }

    BatchContext &m_context;
    std::span<const SequenceRequest> m_requests;
    const GenerateCallbacks &m_callbacks;
    std::stop_token m_stop;
    std::vector<SequenceResult> m_results;
    std::vector<char> m_isTaken;
    KvShape m_shape;
    std::vector<std::unique_ptr<Running>> m_running;
};

} // namespace

Result<KvCache> startCache(const KvShape &shape, const DecodeAdapter *adapter, bool isLong)
{
    if (isLong && adapter && adapter->hasVirtualTokens())
        return fail(ErrorCode::BadInput, tr("With prompt tuning this model reads no text beyond its original context."), tr("Shorten the prompt or the answer."));
    auto cache = adapter && adapter->start() ? adapter->start()->fork() : Result<KvCache>(KvCache(shape));
    if (cache)
        cache->setLong(isLong);
    return cache;
}

Result<std::vector<SequenceResult>> runBatch(BatchContext &context, std::span<const SequenceRequest> requests, const GenerateCallbacks &callbacks,
                                             std::stop_token stop)
{
    return Batch(context, requests, callbacks, std::move(stop)).run();
}

} // namespace fettle::generate
