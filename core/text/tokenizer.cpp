// The public class: chooses the reader, hands everything else to the pipeline.
#include "core/text/tokenizer.h"

#include "core/base/words.h"
#include "core/io/gguf.h"
#include "core/io/jsonfile.h"
#include "core/text/pipeline.h"
#include "core/text/readers.h"

#include <fmt/format.h>
#include <system_error>

namespace fettle::text {
namespace {

Result<std::shared_ptr<Pipeline>> finished(Result<std::shared_ptr<Pipeline>> pipeline)
{
    if (!pipeline)
        return pipeline;
    if (auto done = (*pipeline)->finish(); !done)
        return passError(done);
    return pipeline;
}

std::string withSeparators(std::int64_t number)
{
    std::string digits = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), 1, ',');
    return digits;
}

} // namespace

Tokenizer::Tokenizer(std::shared_ptr<const Pipeline> pipeline)
    : m_pipeline(std::move(pipeline))
{
}

Result<Tokenizer> Tokenizer::fromFolder(const std::filesystem::path &folder)
{
    std::error_code error;
    Result<std::shared_ptr<Pipeline>> pipeline;
    if (std::filesystem::exists(folder / "tokenizer.json", error)) {
        const auto json = io::readTextFile(folder / "tokenizer.json");
        if (!json)
            return passError(json);
        pipeline = readTokenizerJson(*json, "tokenizer.json");
    } else if (std::filesystem::exists(folder / "tokenizer.model", error)) {
        pipeline = readSentencePieceModel(folder / "tokenizer.model");
    } else if (error == std::errc::permission_denied) {
        return fail(ErrorCode::NoPermission, tr("Cannot open the folder \"{}\": access is not allowed.", folder.string()),
                    tr("Ask its owner to let you read it, or choose another one."));
    } else {
        return fail(ErrorCode::NotFound,
                    tr("The folder {} has no tokenizer (tokenizer.json or tokenizer.model).", folder.string()),
                    tr("Choose a complete model folder, with the tokenizer's files beside the weights."));
    }
    if (!pipeline)
        return passError(pipeline);
    if (auto read = readTokenizerConfig(folder, **pipeline); !read)
        return passError(read);
    const auto done = finished(std::move(pipeline));
    if (!done)
        return passError(done);
    return Tokenizer(*done);
}

Result<Tokenizer> Tokenizer::fromJsonFile(const std::filesystem::path &file)
{
    const auto json = io::readTextFile(file);
    if (!json)
        return passError(json);
    const auto pipeline = finished(readTokenizerJson(*json, file.filename().string()));
    if (!pipeline)
        return passError(pipeline);
    return Tokenizer(*pipeline);
}

Result<Tokenizer> Tokenizer::fromJson(std::string_view json, const std::string &name)
{
    const auto pipeline = finished(readTokenizerJson(json, name));
    if (!pipeline)
        return passError(pipeline);
    return Tokenizer(*pipeline);
}

Result<Tokenizer> Tokenizer::fromGguf(const io::Gguf &file)
{
    const auto pipeline = finished(readGgufTokenizer(file));
    if (!pipeline)
        return passError(pipeline);
    return Tokenizer(*pipeline);
}

Result<Encoding> Tokenizer::encode(std::string_view utf8, EncodeOptions options) const
{
    return m_pipeline->encode(utf8, options);
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool skipSpecial) const
{
    DecodeState state(m_pipeline->decoder);
    std::string text;
    for (const TokenId id : ids) {
        const std::string_view token = m_pipeline->decodedText(id);
        if (!token.empty() && !(skipSpecial && isSpecial(id)))
            text += state.push(token);
    }
    return text += state.finish();
}

std::optional<TokenId> Tokenizer::tokenId(std::string_view token) const
{
    return m_pipeline->tokenId(token);
}
std::string_view Tokenizer::tokenText(TokenId id) const
{
    return m_pipeline->tokenText(id);
}

bool Tokenizer::isSpecial(TokenId id) const
{
    return id >= 0 && static_cast<std::size_t>(id) < m_pipeline->isSpecial.size() && m_pipeline->isSpecial[static_cast<std::size_t>(id)];
}

std::optional<TokenId> Tokenizer::bosId() const
{
    return m_pipeline->bos;
}
std::optional<TokenId> Tokenizer::eosId() const
{
    return m_pipeline->eos;
}
std::optional<TokenId> Tokenizer::padId() const
{
    return m_pipeline->pad;
}
std::optional<TokenId> Tokenizer::unknownId() const
{
    return m_pipeline->unknown;
}
const nlohmann::ordered_json &Tokenizer::specialTokens() const
{
    return m_pipeline->specialTokens;
}
std::int64_t Tokenizer::vocabularySize() const
{
    return m_pipeline->vocabularySize();
}

std::string Tokenizer::description() const
{
    return tr("{}, {} tokens", m_pipeline->kind, withSeparators(vocabularySize()));
}

StreamDecoder::StreamDecoder(Tokenizer tokenizer, bool skipSpecial)
    : m_tokenizer(std::move(tokenizer))
    , m_skipSpecial(skipSpecial)
    , m_state(std::make_unique<DecodeState>(m_tokenizer.m_pipeline->decoder))
{
}

StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder &&) noexcept = default;
StreamDecoder &StreamDecoder::operator=(StreamDecoder &&) noexcept = default;

std::string StreamDecoder::push(TokenId id)
{
    const std::string_view token = m_tokenizer.m_pipeline->decodedText(id);
    if (token.empty() || (m_skipSpecial && m_tokenizer.isSpecial(id)))
        return {};
    return m_state->push(token);
}

std::string StreamDecoder::finish()
{
    return m_state->finish();
}

} // namespace fettle::text
