#include "core/train/runstate.h"

#include "core/base/version.h"
#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/jsonfile.h"

#include <cmath>
#include <fmt/format.h>

namespace fettle::train {
namespace {

constexpr const char *kSource = "state.json";
constexpr int kFormat = 1;

nlohmann::json optionalNumber(const std::optional<double> &value)
{
    return value && std::isfinite(*value) ? nlohmann::json(*value) : nlohmann::json();
}

// Reads fields one after the other and keeps the first error.
class FieldReader {
public:
    explicit FieldReader(const nlohmann::json &object)
        : m_object(object)
    {
    }
    template <class T>
    void read(std::string_view field, T &target)
    {
        if (m_error)
            return;
        auto value = io::jsonField<T>(m_object, field, kSource);
        if (value)
            target = std::move(*value);
        else
            m_error = value.error();
    }
    template <class T>
    void readIfThere(const char *field, T &target)
    {
        if (m_object.contains(field))
            read(field, target);
    }
    void readOptional(const char *field, std::optional<double> &target)
    {
        const auto found = m_object.find(field);
        if (m_error || found == m_object.end() || found->is_null())
            return;
        double value = 0;
        read(field, value);
        target = value;
    }
    [[nodiscard]] const std::optional<Error> &error() const { return m_error; }

private:
    const nlohmann::json &m_object;
    std::optional<Error> m_error;
};

} // namespace

std::optional<double> RunProgress::trainLoss() const
{
    if (lastEpochLoss)
        return lastEpochLoss;
    if (epochLossTokens > 0)
        return epochLossSum / static_cast<double>(epochLossTokens);
    return {};
}

Result<> writeProgress(const RunProgress &progress, const std::filesystem::path &file)
{
    const nlohmann::json json = {
        {"format", kFormat},
        {"version", std::string(version())},
        {"step", progress.step},
        {"tokens", progress.tokens},
        {"trainedTokens", progress.trainedTokens},
        {"seconds", progress.seconds},
        {"epochLossSum", progress.epochLossSum},
        {"epochLossTokens", progress.epochLossTokens},
        {"lastEpochLoss", optionalNumber(progress.lastEpochLoss)},
        {"evaluatedStep", progress.evaluatedStep},
        {"evalLoss", optionalNumber(progress.evalLoss)},
        {"generalStep", progress.generalStep},
        {"bestStep", progress.bestStep},
        {"bestLoss", optionalNumber(progress.bestLoss)},
        {"lowestLoss", optionalNumber(progress.lowestLoss)},
        {"evaluationsSince", progress.evaluationsSince},
        {"evaluationSeconds", progress.evaluationSeconds},
        {"besideSeconds", progress.besideSeconds},
        {"documentsHash", progress.documentsHash},
        {"recipe", recipeToJson(progress.recipe)},
    };
    return io::writeFileAtomically(file, json.dump(2) + "\n");
}

Result<RunProgress> readProgress(const std::filesystem::path &file)
{
    auto json = io::readJsonFile(file);
    if (!json)
        return passError(json);
    if (!json->is_object())
        return fail(ErrorCode::BadInput, tr("{} is not a JSON object.", file.string()), tr("Use an older checkpoint."));
    RunProgress progress;
    FieldReader reader(*json);
    std::int64_t format = 0;
    reader.read("format", format);
    reader.read("step", progress.step);
    reader.read("tokens", progress.tokens);
    reader.read("trainedTokens", progress.trainedTokens);
    reader.read("seconds", progress.seconds);
    reader.read("epochLossSum", progress.epochLossSum);
    reader.read("epochLossTokens", progress.epochLossTokens);
    reader.readOptional("lastEpochLoss", progress.lastEpochLoss);
    reader.read("evaluatedStep", progress.evaluatedStep);
    reader.readOptional("evalLoss", progress.evalLoss);
    reader.read("bestStep", progress.bestStep);
    reader.readOptional("bestLoss", progress.bestLoss);
    reader.readOptional("lowestLoss", progress.lowestLoss);
    reader.readIfThere("evaluationsSince", progress.evaluationsSince); // checkpoints of older versions have none of these
    reader.readIfThere("generalStep", progress.generalStep);
    reader.readIfThere("evaluationSeconds", progress.evaluationSeconds);
    reader.readIfThere("besideSeconds", progress.besideSeconds);
    reader.read("documentsHash", progress.documentsHash);
    if (reader.error())
        return tl::unexpected<Error>(*reader.error());
    if (format != kFormat)
        return fail(ErrorCode::BadInput, tr("{} has format {}, this program reads {}.", file.string(), format, kFormat),
                    tr("Use the version of Fettle that wrote the checkpoint."));
    const auto recipe = json->find("recipe");
    if (recipe == json->end())
        return fail(ErrorCode::BadInput, tr("{} has no field \"recipe\".", file.string()), tr("Use an older checkpoint."));
    auto read = recipeFromJson(*recipe);
    if (!read)
        return passError(read);
    progress.recipe = std::move(*read);
    return progress;
}

} // namespace fettle::train
