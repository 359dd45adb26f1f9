// The base model's own losses, as the project keeps them: beside the text, so that an edited record has none.
#include "core/base/words.h"
#include "core/engine/projectstate.h"

#include "core/data/recordquery.h"

#include <algorithm>
#include <cmath>

namespace fettle::engine {

namespace {

constexpr std::int64_t kForgottenInStep = 2000; // a few milliseconds, so that an edit on another handle hardly waits

std::optional<double> known(double value)
{
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

struct BaseLosses { std::vector<double> answers, questions; };

Result<BaseLosses> readBaseLosses(const store::Database &database)
{
    auto statement = database.prepare("SELECT c.baseLoss, c.questionLoss FROM record r JOIN content c ON c.id = r.content "
                                      "WHERE c.baseLoss IS NOT NULL AND r.status <> ?");
    if (!statement)
        return passError(statement);
    statement->bind(static_cast<int>(data::RecordStatus::Rejected));
    BaseLosses losses;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return losses;
        losses.answers.push_back(statement->real(0));
        if (const auto question = statement->optionalReal(1))
            losses.questions.push_back(*question);
    }
}

Result<data::AutopsySummary> summaryOf(const store::Database &database, std::vector<double> answers)
{
    const auto model = store::readValue(database, "autopsyModel");
    if (!model)
        return passError(model);
    data::AutopsySummary summary;
    summary.model = model->value_or(std::string());
    summary.measured = static_cast<std::int64_t>(answers.size());
    if (!answers.empty()) {
        const auto middle = answers.begin() + static_cast<std::ptrdiff_t>(answers.size() / 2);
        std::nth_element(answers.begin(), middle, answers.end());
        summary.middle = *middle;
    }
    return summary;
}

} // namespace

Result<> Project::useAutopsyKey(const std::string &key, const std::string &model)
{
    const auto before = store::readValue(*m_state->database, "autopsyKey");
    if (!before)
        return passError(before);
    if (*before && **before == key)
        return {};
    for (;;) {
        const auto changed = m_state->write(Touches::Lists, [&]() -> Result<std::int64_t> {
            auto forget = m_state->database->prepare("UPDATE content SET baseLoss = NULL, questionLoss = NULL WHERE id IN "
                                                     "(SELECT id FROM content WHERE baseLoss IS NOT NULL OR questionLoss IS NOT NULL LIMIT ?)");
            if (!forget)
                return passError(forget);
            if (auto done = forget->bind(kForgottenInStep).run(); !done)
                return passError(done);
            return m_state->database->changedRows();
        });
        if (!changed)
            return passError(changed);
        if (*changed == 0)
            break;
    }
    return m_state->write(Touches::Lists, [&]() -> Result<> {
        for (const auto &[name, value] : {std::pair{"autopsyLimits", std::string()}, {"autopsyModel", model}, {"autopsyKey", key}}) {
            if (auto done = store::writeValue(*m_state->database, name, value); !done)
                return done;
        }
        return {};
    });
}

Result<std::vector<RecordId>> Project::recordsWithoutBaseLoss() const
{
    auto statement = m_state->database->prepare("SELECT min(r.id) FROM record r JOIN content c ON c.id = r.content "
                                                "WHERE c.baseLoss IS NULL AND r.status <> ? GROUP BY c.id ORDER BY 1");
    if (!statement)
        return passError(statement);
    statement->bind(static_cast<int>(data::RecordStatus::Rejected));
    return data::readIds(*statement);
}

Result<> Project::storeBaseLosses(const std::vector<data::BaseLoss> &losses)
{
    return m_state->write(Touches::Lists, [&]() -> Result<> {
        auto update = m_state->database->prepare("UPDATE content SET baseLoss = ?, questionLoss = ? WHERE hash = ?");
        if (!update)
            return passError(update);
        for (const data::BaseLoss &loss : losses) {
            if (auto done = update->bind(known(loss.answer)).bind(known(loss.question)).bind(loss.hash).run(); !done)
                return done;
        }
        return {};
    });
}

Result<data::AutopsySummary> Project::judgeAutopsy()
{
    auto losses = readBaseLosses(*m_state->database);
    if (!losses)
        return passError(losses);
    const std::string limits = data::autopsyLimitsText(data::autopsyLimits(losses->answers, losses->questions));
    if (auto done = m_state->write(Touches::Lists, [&] { return store::writeValue(*m_state->database, "autopsyLimits", limits); }); !done)
        return passError(done);
    return summaryOf(*m_state->database, std::move(losses->answers));
}

Result<data::AutopsySummary> Project::autopsy() const
{
    auto losses = readBaseLosses(*m_state->database);
    if (!losses)
        return passError(losses);
    return summaryOf(*m_state->database, std::move(losses->answers));
}

} // namespace fettle::engine
