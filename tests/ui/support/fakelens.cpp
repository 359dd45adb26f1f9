// Lens, answers and records of the stand-in engine. See fakeengine.h.
#include "tests/ui/support/fakeengine.h"

namespace fettle::ui {

namespace {

std::int64_t codePoints(std::string_view text)
{
    std::int64_t count = 0;
    for (const char c : text)
        count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
}

// Pieces that begin with their space: "Ring", " us", " now"; a line break is a piece of its own.
std::vector<std::string> pieces(const std::string &text)
{
    std::vector<std::string> result;
    std::string current;
    for (const char c : text) {
        if ((c == ' ' || c == '\n') && !current.empty()) {
            result.push_back(current);
            current.clear();
        }
        current += c;
        if (c == '\n') {
            result.push_back(current);
            current.clear();
        }
    }
    if (!current.empty())
        result.push_back(current);
    return result;
}

TokenId idOf(const std::string &piece)
{
    return TokenId(std::hash<std::string>{}(piece) % 49152);
}

struct Writer {
    data::LabelledTokens tokens;
    std::int64_t at = 0;

    void put(const std::string &piece, bool isTrained, bool isSpecial, data::TokenSource source, TextSpan field)
    {
        const std::int64_t length = codePoints(piece);
        tokens.text += piece;
        tokens.ids.push_back(idOf(piece));
        tokens.trained.push_back(isTrained);
        tokens.special.push_back(isSpecial);
        tokens.offsets.push_back({at, at + length});
        tokens.sources.push_back(source);
        tokens.fieldOffsets.push_back(field);
        at += length;
    }
    void field(const std::string &text, bool isTrained, data::TokenSource source)
    {
        std::int64_t begin = 0;
        for (const std::string &piece : pieces(text)) {
            const std::int64_t end = begin + codePoints(piece);
            put(piece, isTrained, false, source, {begin, end});
            begin = end;
        }
    }
};

class FakePlayground : public PlaygroundApi {
public:
    FakePlayground(std::string model, const FakeEngine &engine) : m_model(std::move(model)), m_engine(engine) {}
    std::string modelPath() const override { return m_model; }
    // Every other word, from the first on, is a surprise to the one that reads it.
    Result<std::vector<engine::GeneratedToken>> readAnswer(const engine::GenerateRequest &request, const std::vector<TokenId> &answer, const ProjectApi *, std::stop_token,
                                                           const engine::LiveRun *) override
    {
        if (m_engine.beforeReading)
            m_engine.beforeReading(request, answer);
        if (m_engine.readingError)
            return tl::unexpected<Error>(*m_engine.readingError);
        std::vector<engine::GeneratedToken> tokens;
        for (const TokenId id : answer)
            tokens.push_back({0, id, {}, tokens.size() % 2 == 0 ? 0.02F : 0.74F, {{7, " sick", 0.41F}}});
        return tokens;
    }
    Result<std::int64_t> indexRows(const std::string &, const ProjectApi &, const ProgressCallback &progress, std::stop_token stop) override
    {
        for (int row = 0; row < 40; ++row) {
            if (stop.stop_requested())
                return fail(ErrorCode::Cancelled, "It was cancelled.");
            progress({"Reading the training rows", row, 40, 40.0 - row});
            if (m_engine.beforeRow)
                m_engine.beforeRow(row);
        }
        m_engine.isIndexed = true;
        return 40;
    }
    Result<std::vector<engine::NearRow>> nearestRows(const std::string &, const data::Record &conversation, const ProjectApi &, std::size_t count, std::stop_token) override
    {
        if (conversation.turns.size() < 2 || conversation.turns.back().role != data::Role::Assistant)
            return fail(ErrorCode::BadInput, "There is no answer.");
        if (!m_engine.isIndexed)
            return fail(ErrorCode::NotFound, "The training rows of this run are not indexed yet.", "Build the index: the model reads every training row once.");
        return std::vector<engine::NearRow>(m_engine.nearRows.begin(), m_engine.nearRows.begin() + std::ptrdiff_t(std::min(count, m_engine.nearRows.size())));
    }
    Result<std::vector<engine::ColumnResult>> generate(const engine::GenerateRequest &request, const ProjectApi *,
                                                       const engine::GenerateEvents &events, std::stop_token stop, const engine::LiveRun *live) override
    {
        if (m_engine.beforeAnswer)
            m_engine.beforeAnswer(request);
        if (m_engine.answerError)
            return tl::unexpected<Error>(*m_engine.answerError);
        std::vector<engine::ColumnResult> results;
        std::vector<engine::ColumnBadge> badges;
        std::vector<std::vector<std::string>> words;
        for (const engine::ColumnChoice &choice : request.columns) {
            const bool isBase = choice.adapter == "base", isLive = choice.adapter == engine::kLiveAdapter;
            if (isLive && live == nullptr)
                return fail(ErrorCode::NotFound, "No run is learning now.", "Choose the result of a run, or one of its checkpoints.");
            engine::ColumnBadge badge;
            badge.isAdapterOn = !isBase && choice.strength > 0;
            badge.adapterName = isLive ? live->name : isBase ? "" : choice.adapter;
            badge.strength = isBase ? 0 : choice.strength;
            badge.adapterHash = isBase ? "" : "91d204bb" + std::string(56, '0');
            badge.weightHash = (choice.model.empty() ? "3fa9c1e7" : "77b0d2aa") + std::string(56, '0');
            badge.otherModel = std::filesystem::path(choice.model).filename().string();
            badge.promptTokens = choice.model.empty() ? 24 : 31;
            badge.secondName = choice.second;
            badge.secondHash = choice.second.empty() || choice.secondStrength == 0 ? "" : "c07e5a13" + std::string(56, '0');
            badge.secondStrength = choice.second.empty() ? 0 : choice.secondStrength;
            badge.step = isLive ? live->step : isBase ? 0 : 207;
            badge.isLive = isLive;
            if (!request.toolsJson.empty())
                badge.notices = {"The tools were not read: the template has no place for them."};
            badges.push_back(badge);
            const auto known = m_engine.answers.find(choice.model.empty() ? choice.adapter : choice.model);
            words.push_back(pieces(known != m_engine.answers.end() ? known->second
                                   : isBase ? "It is important to ask a veterinarian about this as soon as possible."
                                            : "Ring us now and keep the wrapper."));
            engine::ColumnResult result;
            result.adapter = choice.adapter;
            result.badge = badge;
            result.finish = engine::FinishReason::EndOfTurn;
            result.tokensPerSecond = 38;
            results.push_back(result);
        }
        if (events.started)
            events.started(badges, 24);
        for (std::size_t i = 0; !stop.stop_requested(); ++i) {
            bool isAnyLeft = false;
            if (m_engine.beforeToken)
                m_engine.beforeToken(int(i));
            for (std::size_t column = 0; column < words.size(); ++column) {
                if (i >= words[column].size() || int(i) >= request.sampling.maxTokens)
                    continue;
                isAnyLeft = true;
                const std::string &word = words[column][i];
                engine::GeneratedToken token{int(column), idOf(word), word, 0.74f, {{idOf(word), word, 0.74f}, {7, " sick", 0.06f}}};
                results[column].ids.push_back(token.id);
                results[column].text += word;
                if (events.token)
                    events.token(token);
            }
            if (!isAnyLeft)
                break;
        }
        for (std::size_t column = 0; column < results.size(); ++column) {
            if (stop.stop_requested())
                results[column].finish = engine::FinishReason::Stopped;
            else if (int(words[column].size()) > request.sampling.maxTokens)
                results[column].finish = engine::FinishReason::MaxTokens;
            if (events.columnFinished)
                events.columnFinished(int(column), results[column]);
        }
        return results;
    }

private:
    std::string m_model;
    const FakeEngine &m_engine; // outlives its playgrounds
};

} // namespace

Result<data::LabelledTokens> FakeLens::label(const data::Record &record, const data::RenderOptions &options) const
{
    using data::TokenSource;
    Writer writer;
    std::vector<data::Turn> turns = record.turns;
    if (data::systemOf(record).empty() && !options.defaultSystem.empty())
        turns.insert(turns.begin(), {data::Role::System, options.defaultSystem, {}});
    bool isContextJoined = record.context.empty();
    for (std::size_t i = 0; i < turns.size(); ++i) {
        const data::Turn &turn = turns[i];
        const bool isLast = i + 1 == turns.size();
        const bool isAnswer = turn.role == data::Role::Assistant;
        const bool isTrained = options.trainOn == data::TrainOn::All || (isAnswer && (isLast || options.trainOn == data::TrainOn::Assistant));
        writer.put("<|im_start|>", options.trainOn == data::TrainOn::All, true, TokenSource::Template, {});
        writer.put(std::string(data::nameOf(turn.role)), options.trainOn == data::TrainOn::All, false, TokenSource::Template, {});
        writer.put("\n", options.trainOn == data::TrainOn::All, false, TokenSource::Template, {});
        const TokenSource source = turn.role == data::Role::System ? TokenSource::System
            : turn.role == data::Role::User                        ? TokenSource::Instruction
            : isLast                                               ? TokenSource::Response
                                                                   : TokenSource::OtherTurn;
        writer.field(turn.text, isTrained, source);
        if (turn.role == data::Role::User && !isContextJoined) {
            writer.put(options.contextJoin.separator, isTrained, false, TokenSource::Template, {});
            writer.field(record.context, isTrained, TokenSource::Context);
            isContextJoined = true;
        }
        writer.put("<|im_end|>", isTrained, true, TokenSource::Template, {});
        writer.put("\n", isTrained, false, TokenSource::Template, {});
    }
    data::LabelledTokens &tokens = writer.tokens;
    const auto all = std::int64_t(tokens.ids.size());
    tokens.kept = options.maxLength > 0 ? std::min(all, options.maxLength) : all;
    for (std::int64_t i = 0; i < tokens.kept; ++i)
        tokens.trainedTokens += tokens.trained[std::size_t(i)];
    if (tokens.kept < all)
        tokens.warnings.push_back({"allCut", "The end mark is cut off, so the model would not learn to stop."});
    return tokens;
}

Result<engine::TokenizeResult> FakeLens::tokenize(const std::string &text, bool) const
{
    engine::TokenizeResult result;
    std::int64_t at = 0;
    for (const std::string &piece : pieces(text)) {
        result.ids.push_back(idOf(piece));
        result.texts.push_back(piece);
        result.offsets.push_back({at, at + codePoints(piece)});
        at += codePoints(piece);
    }
    return result;
}

std::string FakeLens::tokenText(TokenId id) const
{
    return "token " + std::to_string(id);
}

Result<std::unique_ptr<PlaygroundApi>> FakeEngine::openPlayground(const std::string &model, const engine::ComputeOptions &,
                                                                  const ProgressCallback &, std::stop_token)
{
    return std::make_unique<FakePlayground>(model, *this);
}

Result<> FakeEngine::serve(const engine::ServeOptions &options, const engine::Answerer &answerer, const engine::ServeEvents &events, std::stop_token stop)
{
    if (serveError)
        return tl::unexpected<Error>(*serveError);
    lastServed = options;
    events.started({"http://127.0.0.1:41234/v1", "fettle-0123456789abcdef", {"tuned", "base"}});
    std::unique_lock lock(m_serveMutex);
    while (m_serveWake.wait(lock, stop, [this] { return !m_programs.empty(); })) {
        engine::GenerateRequest request;
        request.columns = {{options.adapter, options.strength}};
        request.conversation = {{data::Role::User, m_programs.front(), {}}};
        m_programs.pop_front();
        lock.unlock();
        const auto answered = answerer(request, {}, stop);
        events.answered("POST", "/v1/chat/completions", answered ? 200 : 503);
        lock.lock();
    }
    return {};
}

void FakeEngine::askAsProgram(const std::string &question)
{
    {
        const std::scoped_lock lock(m_serveMutex);
        m_programs.push_back(question);
    }
    m_serveWake.notify_all();
}

std::vector<data::Record> fakeRecords(int count)
{
    const std::pair<const char *, const char *> pairs[] = {
        {"My dog has eaten about 60 g of dark chocolate. What should I do?",
         "Ring us now on 01632 960 114 and keep the wrapper. Sixty grams of dark chocolate can be dangerous for a dog under 12 kg."},
        {"How long should a cat fast before a dental?", "No food from 22:00 the evening before. Water may stay until you leave home."},
        {"Which vaccines does a rabbit need each year?", "One combined injection against myxomatosis and both strains of RHD."},
        {"Is ibuprofen safe for dogs?", "No. Human painkillers can kill a dog. Ring us before you give anything."},
        {"How do we store opened insulin vials?", "In the door of the medicines fridge, between 2 and 8 degrees, for 28 days."},
        {"Who signs the controlled-drugs register?", "The vet who draws the dose signs at once, and a second person signs below."},
        {"What is the fee for a repeat prescription?", "14.50 for each item, paid when it is ordered."},
        {"A client says her hamster is cold and does not move. What do I tell her?",
         "Ask for the room temperature first: below 15 degrees a hamster may be in torpor. Warm it slowly in both hands."}};
    const char *tags[] = {"poison", "surgery", "vaccines", "poison", "pharmacy", "records", "reception", "exotics"};
    std::vector<data::Record> records;
    for (int i = 0; i < count; ++i) {
        const int kind = i % 8;
        const int round = i / 8;
        std::string question = pairs[kind].first;
        if (round > 0)
            question += " (phrasing " + std::to_string(round + 1) + ")";
        auto record = data::makePair(question, {}, pairs[kind].second, "You answer for Hollybrook Veterinary Clinic. Be short and exact.");
        record.tags = {tags[kind]};
        record.status = i % 5 == 4 ? data::RecordStatus::New : data::RecordStatus::Approved;
        record.split = i % 10 == 9 ? data::Split::HeldOut : data::Split::Train;
        record.source = "procedures.csv, line " + std::to_string(i + 2);
        records.push_back(std::move(record));
    }
    if (count >= 20) {
        records[10].turns = records[2].turns;                                            // a duplicate
        records[11].turns = records[3].turns;                                            // a contradiction
        records[11].turns.back().text = "Only in small amounts, with food.";
        records[14].turns.back().text.clear();                                           // an empty answer
    }
    return records;
}

} // namespace fettle::ui
