// The base model's own losses, as the project keeps them: beside the text, so that an edited record has none.
#include "core/base/words.h"
#include "core/engine/projectstate.h"

#include <algorithm>
#include <cmath>

namespace fettle::engine {

namespace {

constexpr std::int64_t kForgottenInStep = 2000; // a few milliseconds, so that an edit on another handle hardly waits

std::optional<double> known(double value)
{
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
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
    std::vector<RecordId> ids;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return ids;
        ids.push_back({statement->integer(0)});
    }
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
    auto statement = m_state->database->prepare("SELECT c.baseLoss, c.questionLoss FROM record r JOIN content c ON c.id = r.content "
                                                "WHERE c.baseLoss IS NOT NULL AND r.status <> ?");
    if (!statement)
        return passError(statement);
    statement->bind(static_cast<int>(data::RecordStatus::Rejected));
    std::vector<double> answers, questions;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        answers.push_back(statement->real(0));
        if (const auto question = statement->optionalReal(1))
            questions.push_back(*question);
    }
    statement->reset();
    const std::string limits = data::autopsyLimitsText(data::autopsyLimits(answers, questions));
    if (auto done = m_state->write(Touches::Lists, [&] { return store::writeValue(*m_state->database, "autopsyLimits", limits); }); !done)
        return passError(done);
    return autopsy();
}

Result<data::AutopsySummary> Project::autopsy() const
{
    data::AutopsySummary summary;
    const auto model = store::readValue(*m_state->database, "autopsyModel");
    if (!model)
        return passError(model);
    summary.model = model->value_or(std::string());
    auto statement = m_state->database->prepare("SELECT c.baseLoss FROM record r JOIN content c ON c.id = r.content "
                                                "WHERE c.baseLoss IS NOT NULL AND r.status <> ? ORDER BY 1");
    if (!statement)
        return passError(statement);
    statement->bind(static_cast<int>(data::RecordStatus::Rejected));
    std::vector<double> losses;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        losses.push_back(statement->real(0));
    }
    summary.measured = static_cast<std::int64_t>(losses.size());
    summary.middle = losses.empty() ? 0.0 : losses[losses.size() / 2];
    return summary;
}

} // namespace fettle::engine
