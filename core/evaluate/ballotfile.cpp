// Reading the votes that a ballot's page has saved. The file comes from outside: everything in it is checked before it is believed.
#include "core/evaluate/ballotfile.h"

#include "core/base/words.h"
#include "core/io/jsonfile.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

namespace fettle::evaluate {

namespace {

constexpr io::JsonLimits kLimits{1 << 20, 8, io::RepeatedKeys::Refuse}; // 10,000 votes need about 800 KiB
constexpr std::size_t kMaxVotes = 10'000, kMaxName = 320, kMaxTime = 40; // bytes; a name has at most 80 characters
constexpr std::size_t kTokenLength = 32;

tl::unexpected<Error> refuse(const std::string &source, std::string why)
{
    return fail(ErrorCode::BadInput, tr("{}: {}", source, why), tr("Nothing was taken over. Ask for the file that the page saved, unchanged."));
}

bool isToken(std::string_view text)
{
    return text.size() == kTokenLength && std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// A name is shown in one line.
bool isName(std::string_view text)
{
    const auto isSpace = [](char c) { return c == ' '; };
    return !text.empty() && text.size() <= kMaxName && !std::all_of(text.begin(), text.end(), isSpace)
        && std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; });
}

Result<BallotVote> readVote(const nlohmann::json &entry, std::size_t index, const std::string &source)
{
    const std::string place = fmt::format("{}, votes[{}]", source, index);
    if (!entry.is_object())
        return refuse(place, tr("the vote is no object."));
    const auto position = io::jsonField<std::int64_t>(entry, "question", place);
    if (!position)
        return passError(position);
    const auto name = io::jsonField<std::string>(entry, "choice", place);
    if (!name)
        return passError(name);
    auto at = io::jsonField<std::string>(entry, "at", place, "");
    if (!at)
        return passError(at);
    const auto choice = choiceOf(*name);
    if (!choice)
        return refuse(place, tr("the field \"choice\" holds \"{}\", which is no choice.", name->substr(0, kMaxTime)));
    if (*position < 0)
        return refuse(place, tr("the field \"question\" holds {}, which is below 0.", *position));
    if (at->size() > kMaxTime)
        return refuse(place, tr("the field \"at\" is longer than a time."));
    return BallotVote{*position, {}, *choice, std::move(*at)};
}

} // namespace

Result<BallotResult> readBallotResult(const std::filesystem::path &file)
{
    const std::string source = file.filename().string();
    const auto json = io::readJsonFile(file, kLimits);
    if (!json)
        return passError(json);
    if (!json->is_object())
        return refuse(source, tr("this is no file of votes."));
    const auto format = io::jsonField<std::string>(*json, "format", source);
    if (!format)
        return passError(format);
    const auto version = io::jsonField<std::int64_t>(*json, "version", source);
    if (!version)
        return passError(version);
    if (*format != "fettle-votes" || *version != 1)
        return refuse(source, tr("the field \"format\" holds \"{}\", version {}; expected is \"fettle-votes\", version 1.", format->substr(0, kMaxTime), *version));
    const auto token = io::jsonField<std::string>(*json, "ballot", source);
    if (!token)
        return passError(token);
    if (!isToken(*token))
        return refuse(source, tr("the field \"ballot\" names no ballot."));
    const auto voter = io::jsonField<std::string>(*json, "voter", source);
    if (!voter)
        return passError(voter);
    if (!isName(*voter))
        return refuse(source, tr("the field \"voter\" is empty, longer than 80 characters or holds control characters."));
    const auto votes = json->find("votes");
    if (votes == json->end() || !votes->is_array() || votes->empty())
        return refuse(source, tr("the field \"votes\" is missing or no list of votes."));
    if (votes->size() > kMaxVotes)
        return refuse(source, tr("the field \"votes\" holds {} votes; at most {} are read.", votes->size(), kMaxVotes));
    BallotResult result{*token, *voter, {}};
    std::set<std::int64_t> seen;
    for (std::size_t i = 0; i < votes->size(); ++i) {
        auto vote = readVote((*votes)[i], i, source);
        if (!vote)
            return passError(vote);
        if (!seen.insert(vote->position).second)
            return refuse(source, tr("question {} is voted on twice.", vote->position + 1));
        vote->voter = *voter;
        result.votes.push_back(std::move(*vote));
    }
    return result;
}

} // namespace fettle::evaluate
