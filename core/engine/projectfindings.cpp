// What is known about records beside their text: findings, lengths, losses.
#include "core/engine/projectstate.h"

#include "core/data/findings.h"

#include <fmt/format.h>

namespace fettle::engine {

Result<> Project::updateFindings(const ProgressCallback &progress, std::stop_token stop)
{
    auto findings = data::findRelations(*m_state->database, progress, stop);
    if (!findings)
        return passError(findings);
    return m_state->write(Touches::Lists, [&] { return data::storeRelations(*m_state->database, *findings); });
}

Result<std::vector<RecordId>> Project::recordsWithoutLength(const std::string &key) const
{
    const auto known = store::readValue(*m_state->database, "lengthKey");
    if (!known)
        return passError(known);
    const bool isSame = *known && **known == key;
    auto statement = m_state->database->prepare(isSame ? "SELECT min(r.id) FROM record r JOIN content c ON c.id = r.content WHERE c.tokens IS NULL GROUP BY c.id"
                                                       : "SELECT min(id) FROM record GROUP BY content");
    if (!statement)
        return passError(statement);
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

Result<> Project::useLengthKey(const std::string &key)
{
    const auto known = store::readValue(*m_state->database, "lengthKey");
    if (!known)
        return passError(known);
    if (*known && **known == key)
        return {};
    return m_state->write(Touches::Lists, [&]() -> Result<> {
        if (auto done = m_state->database->execute("UPDATE content SET tokens = NULL WHERE tokens IS NOT NULL"); !done)
            return done;
        return store::writeValue(*m_state->database, "lengthKey", key);
    });
}

Result<> Project::storeLengths(const std::vector<std::pair<RecordId, std::int64_t>> &tokens, std::int64_t maxLength)
{
    return m_state->write(Touches::Lists, [&]() -> Result<> {
        auto update = m_state->database->prepare("UPDATE content SET tokens = ? WHERE id = (SELECT content FROM record WHERE id = ?)");
        if (!update)
            return passError(update);
        for (const auto &[id, count] : tokens) {
            if (auto done = update->bind(count).bind(id.value).run(); !done)
                return done;
        }
        const std::string limit = fmt::format("{}", maxLength);
        const auto known = store::readValue(*m_state->database, "lengthLimit");
        if (!known)
            return passError(known);
        return *known && **known == limit ? Result<>() : store::writeValue(*m_state->database, "lengthLimit", limit);
    });
}

Result<> Project::storeLosses(RunId run, const std::vector<std::pair<RecordId, double>> &losses)
{
    return m_state->write(Touches::Lists, [&]() -> Result<> {
        auto insert = m_state->database->prepare("INSERT OR REPLACE INTO loss(run, record, loss) VALUES(?, ?, ?)");
        auto update = m_state->database->prepare("UPDATE record SET loss = ?1, lossRun = ?2 WHERE id = ?3 AND (lossRun IS NULL OR lossRun <= ?2)");
        if (!insert)
            return passError(insert);
        if (!update)
            return passError(update);
        for (const auto &[id, loss] : losses) {
            if (auto done = insert->bind(run.value).bind(id.value).bind(loss).run(); !done)
                return done;
            if (auto done = update->bind(loss).bind(run.value).bind(id.value).run(); !done)
                return done;
        }
        return {};
    });
}

} // namespace fettle::engine
