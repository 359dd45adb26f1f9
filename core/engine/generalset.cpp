#include "core/engine/generalset.h"

#include "core/base/resources.h"
#include "core/base/words.h"
#include "core/io/jsonfile.h"

namespace fettle::engine {

Result<std::vector<train::Document>> generalDocuments(const Lens &lens)
{
    const std::filesystem::path file = resourcesFolder() / "general" / "questions.json";
    const auto json = io::readJsonFile(file);
    if (!json)
        return passError(json);
    const auto questions = json->is_object() ? json->find("questions") : json->end();
    if (questions == json->end() || !questions->is_array())
        return fail(ErrorCode::BadInput, tr("{} holds no questions.", file.string()), tr("Install Fettle again."));
    std::vector<train::Document> documents;
    std::optional<Error> refused;
    std::int64_t number = 0;
    for (const auto &entry : *questions) {
        ++number;
        const auto question = io::jsonField<std::string>(entry, "question", file.string());
        const auto answer = io::jsonField<std::string>(entry, "answer", file.string());
        if (!question || !answer)
            return passError(question ? answer : question);
        auto tokens = lens.label(data::makePair(*question, "", *answer), {});
        if (tokens && tokens->trainedTokens > 0)
            documents.push_back({RecordId{number}, std::move(tokens->ids), std::move(tokens->trained)});
        else if (!tokens)
            refused = tokens.error();
    }
    if (documents.empty() && refused)
        return tl::unexpected<Error>(*refused);
    return documents;
}

} // namespace fettle::engine
