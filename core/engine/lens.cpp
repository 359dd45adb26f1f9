// The token lens: tokenizer and chat template of a model, around data::labelTokens; and the lengths of all records.
#include "core/engine/lens.h"

#include "core/base/allcores.h"
#include "core/base/folders.h"
#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/engine/modelnames.h"
#include "core/engine/models.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/text/plaintemplate.h"
#include "core/text/tokenizer.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>
#include <thread>
#include <utility>

namespace fettle::engine {

namespace fs = std::filesystem;

struct Lens::State {
    State(text::Tokenizer loaded, std::optional<text::ChatTemplate> words, std::string model)
        : tokenizer(std::move(loaded)), chatTemplate(words ? std::move(*words) : text::plainTemplate()), name(std::move(model))
    {
    }
    text::Tokenizer tokenizer;
    text::ChatTemplate chatTemplate;
    std::string name;
};

namespace {

bool isGguf(const fs::path &path)
{
    return lowerCase(path.extension().string()) == ".gguf";
}

// A path that exists is taken as it is: a folder with tokenizer files is no model.
Result<fs::path> tokenizerPlace(const std::string &model)
{
    std::error_code error;
    const fs::path path = expandHome(model);
    if (!model.empty() && fs::is_directory(path, error) && fs::exists(path / "tokenizer.json", error))
        return path;
    return resolveModel(model);
}

// No template is no error here; one that cannot be read is.
Result<std::optional<text::ChatTemplate>> optionalTemplate(Result<text::ChatTemplate> read)
{
    if (read)
        return std::optional(std::move(*read));
    if (read.error().code == ErrorCode::NotFound)
        return std::optional<text::ChatTemplate>();
    return passError(read);
}

} // namespace

Lens::Lens(std::unique_ptr<State> state) : m_state(std::move(state)) { }
Lens::~Lens() = default;

Result<std::shared_ptr<const Lens>> Lens::open(const std::string &model, const std::optional<fs::path> &templateFile)
{
    const auto path = tokenizerPlace(model);
    if (!path)
        return passError(path);
    std::optional<text::Tokenizer> tokenizer;
    std::optional<text::ChatTemplate> chatTemplate;
    if (isGguf(*path)) {
        const auto file = io::Gguf::open(*path);
        if (!file)
            return passError(file);
        auto read = text::Tokenizer::fromGguf(*file);
        if (!read)
            return passError(read);
        tokenizer = std::move(*read);
        auto words = optionalTemplate(text::ChatTemplate::fromGguf(*file));
        if (!words && !templateFile)
            return passError(words);
        chatTemplate = words ? std::move(*words) : std::nullopt;
    } else {
        auto read = text::Tokenizer::fromFolder(*path);
        if (!read)
            return passError(read);
        tokenizer = std::move(*read);
        auto words = optionalTemplate(text::ChatTemplate::fromTokenizerFolder(*path));
        if (!words && !templateFile)
            return passError(words);
        chatTemplate = words ? std::move(*words) : std::nullopt;
    }
    if (templateFile) {
        auto source = io::readTextFile(*templateFile, 16 << 20);
        if (!source)
            return passError(source);
        auto parsed = text::ChatTemplate::parse(std::move(*source));
        if (!parsed)
            return passError(parsed);
        chatTemplate = std::move(*parsed);
    }
    const std::string name = isGguf(*path) ? nameWithoutQuantisation(path->stem().string()) : path->filename().string();
    return std::make_shared<const Lens>(std::make_unique<State>(std::move(*tokenizer), std::move(chatTemplate), name));
}

Result<data::LabelledTokens> Lens::label(const data::Record &record, const data::RenderOptions &options) const
{
    return data::labelTokens(record, m_state->tokenizer, m_state->chatTemplate, options);
}

Result<TokenizeResult> Lens::tokenize(const std::string &text, bool parseSpecial) const
{
    auto encoding = m_state->tokenizer.encode(text, {.parseSpecial = parseSpecial, .addSpecialTokens = false});
    if (!encoding)
        return passError(encoding);
    TokenizeResult result{std::move(encoding->ids), std::move(encoding->offsets), {}};
    for (const TokenId id : result.ids)
        result.texts.push_back(tokenText(id));
    return result;
}

std::string Lens::tokenText(TokenId id) const
{
    const TokenId ids[1] = {id};
    std::string text = m_state->tokenizer.decode(ids, false);
    // SentencePiece decoders drop the space at the beginning of a text, which for a tile is the middle of one.
    const std::string_view spelled = m_state->tokenizer.tokenText(id);
    constexpr std::string_view kSpace = "\xe2\x96\x81";
    if (spelled.substr(0, kSpace.size()) == kSpace && (text.empty() || text.front() != ' '))
        text.insert(text.begin(), ' ');
    return text.empty() ? std::string(spelled) : text;
}

std::string Lens::modelName() const
{
    return m_state->name;
}

namespace {

// Lengths hold for one way of writing a record out; a probe record shows any change of tokenizer or template.
Result<std::string> lengthKey(const Lens &lens, const data::RenderOptions &options)
{
    const auto probe = lens.label(data::makePair("A question, 1 + 1 = ?", "A context", "An answer."), options);
    if (!probe)
        return passError(probe);
    std::string text = fmt::format("{}\n{}\n{}\n", lens.modelName(), options.contextJoin.separator, options.defaultSystem) + probe->text;
    for (const TokenId id : probe->ids)
        text += fmt::format(" {}", id);
    return sha256Hex(text);
}

Result<std::vector<data::Record>> readRecords(const Project &project, std::span<const RecordId> ids)
{
    std::vector<data::Record> records;
    records.reserve(ids.size());
    for (const RecordId id : ids) {
        auto record = project.record(id);
        if (!record)
            return passError(record);
        records.push_back(std::move(*record));
    }
    return records;
}

// Of the records whose length can be known, on all cores. One that the template refuses keeps an unknown length; the lens shows why.
Result<std::vector<data::ContentLength>> lengthsOf(const std::vector<data::Record> &records, const Lens &lens, const data::RenderOptions &options, std::stop_token stop)
{
    std::vector<data::ContentLength> lengths(records.size(), {{}, -1, -1});
    const auto measure = [&](std::size_t i) -> Result<> {
        const auto labelled = lens.label(records[i], options);
        if (!labelled)
            return labelled.error().code == ErrorCode::BadInput ? Result<>() : passError(labelled);
        const auto &sources = labelled->sources;
        const auto answer = std::find(sources.begin(), sources.end(), data::TokenSource::Response);
        lengths[i] = {data::contentHash(records[i]), static_cast<std::int64_t>(labelled->ids.size()), answer == sources.end() ? -1 : answer - sources.begin()};
        return {};
    };
    if (auto counted = onAllCores(records.size(), measure, std::move(stop)); !counted)
        return passError(counted);
    std::erase_if(lengths, [](const data::ContentLength &length) { return length.tokens < 0; });
    return lengths;
}

} // namespace

Result<std::int64_t> measureLengths(Project &project, const Lens &lens, std::int64_t maxLength, const ProgressCallback &progress, std::stop_token stop)
{
    data::RenderOptions options;
    options.trainOn = data::TrainOn::All; // the mask does not change the length, and this one needs the fewest renderings
    options.contextJoin.separator = project.textSetting("contextSeparator").value_or("\n");
    options.defaultSystem = project.textSetting("defaultSystem").value_or("");
    const auto key = lengthKey(lens, options);
    if (!key)
        return passError(key);
    if (auto done = project.useLengthKey(*key); !done)
        return passError(done);
    const auto ids = project.recordsWithoutLength(*key);
    if (!ids)
        return passError(ids);
    constexpr std::size_t kChunk = 4096; // stored together: a cancelled count keeps what it has
    const auto chunkAt = [&](std::size_t begin) { return std::span(*ids).subspan(begin, std::min(kChunk, ids->size() - begin)); };
    std::int64_t measured = 0;
    std::vector<data::ContentLength> lengths; // of the chunk before: stored while the cores are at the next one
    const auto store = [&]() -> Result<> {
        measured += static_cast<std::int64_t>(lengths.size());
        return project.storeLengths(std::exchange(lengths, {}), maxLength);
    };
    auto records = readRecords(project, chunkAt(0));
    for (std::size_t next = 0; records && next < ids->size() && !stop.stop_requested();) {
        next = std::min(next + kChunk, ids->size());
        Result<std::vector<data::ContentLength>> counted;
        Result<> stored;
        {
            const std::jthread beside([&, chunk = std::move(*records)] {
                letOthersFirst();
                counted = caught([&] { return lengthsOf(chunk, lens, options, stop); });
            });
            stored = store();
            records = readRecords(project, chunkAt(next));
        }
        if (!stored || !counted)
            return stored ? passError(counted) : passError(stored);
        lengths = std::move(*counted);
        if (progress)
            progress({tr("Counting tokens"), static_cast<std::int64_t>(next), static_cast<std::int64_t>(ids->size())});
    }
    if (auto stored = store(); !stored)
        return passError(stored);
    if (!records)
        return passError(records);
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, tr("Counting the tokens was cancelled."), tr("What was counted so far is kept."));
    return measured;
}

} // namespace fettle::engine
