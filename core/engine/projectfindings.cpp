// What is known about records beside their text: findings, lengths, losses.
#include "core/base/words.h"
#include "core/engine/projectstate.h"

#include "core/data/findings.h"
#include "core/data/recordquery.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace fettle::engine {

namespace {

// Rows written in one transaction: a few milliseconds, so that an edit on another handle hardly waits.
constexpr std::size_t kRowsInStep = 2000;

constexpr std::string_view kRelatedKey = "relationsOf"; // the state whose relations are stored; nothing where an answer was agreed on since

std::string relatedState(std::int64_t records)
{
    return fmt::format("{}/{}", data::kRelationChecks, records);
}

} // namespace

Result<> Project::updateFindings(const ProgressCallback &progress, std::stop_token stop)
{
    for (bool hasMore = true; hasMore;) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
        const auto checked = m_state->write(Touches::Lists, [&] { return data::recheckTexts(*m_state->database, kRowsInStep); });
        if (!checked)
            return passError(checked);
        hasMore = *checked;
    }
    // A project that is only opened again is not compared anew: that takes minutes where records are a million.
    const auto records = store::counter(*m_state->database, "records");
    if (!records)
        return passError(records);
    const auto related = store::readValue(*m_state->database, kRelatedKey);
    if (!related)
        return passError(related);
    if (stop.stop_requested())
        return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
    if (related->value_or(std::string()) == relatedState(*records))
        return {};
    auto findings = data::findRelations(*m_state->database, progress, stop);
    if (!findings)
        return passError(findings);
    std::erase_if(*findings, [](const data::RecordRelations &relation) { return relation.flags == relation.storedFlags; });
    for (std::size_t begin = 0; begin < findings->size(); begin += kRowsInStep) {
        if (stop.stop_requested())
            return fail(ErrorCode::Cancelled, tr("The check was cancelled."));
        const auto step = std::span(*findings).subspan(begin, std::min(kRowsInStep, findings->size() - begin));
        if (auto done = m_state->write(Touches::Lists, [&] { return data::storeRelations(*m_state->database, step); }); !done)
            return done;
    }
    return m_state->write(Touches::Other, [&] { return store::writeValue(*m_state->database, kRelatedKey, relatedState(*records)); });
}

Result<std::vector<Contradiction>> Project::contradictions(std::stop_token stop) const
{
    return data::findContradictions(*m_state->database, stop);
}

Result<> Project::setAgreement(const Contradiction &pair, bool doAgree)
{
    return m_state->write(Touches::Lists, [&]() -> Result<> {
        if (auto done = data::setAgreement(*m_state->database, pair, doAgree); !done)
            return done;
        return store::writeValue(*m_state->database, kRelatedKey, "");
    });
}

Result<std::vector<RecordId>> Project::recordsWithoutLength(const std::string &key) const
{
    const auto known = store::readValue(*m_state->database, "lengthKey");
    if (!known)
        return passError(known);
    const bool isSame = *known && **known == key;
    auto statement = m_state->database->prepare(isSame ? fmt::format("SELECT min(r.id) FROM record r{} WHERE c.tokens IS NULL GROUP BY c.id", data::kJoinContent)
                                                       : "SELECT min(id) FROM record GROUP BY content");
    if (!statement)
        return passError(statement);
    return data::readIds(*statement);
}

Result<> Project::useLengthKey(const std::string &key)
{
    const auto known = store::readValue(*m_state->database, "lengthKey");
    if (!known)
        return passError(known);
    if (*known && **known == key)
        return {};
    // In steps, for the sake of edits beside it. The key comes last: a forgetting that was cut off begins again.
    for (;;) {
        const auto changed = m_state->write(Touches::Lists, [&]() -> Result<std::int64_t> {
            auto forget = m_state->database->prepare("UPDATE content SET tokens = NULL WHERE id IN (SELECT id FROM content WHERE tokens IS NOT NULL LIMIT ?)");
            if (!forget)
                return passError(forget);
            if (auto done = forget->bind(static_cast<std::int64_t>(kRowsInStep)).run(); !done)
                return passError(done);
            return m_state->database->changedRows();
        });
        if (!changed)
            return passError(changed);
        if (*changed == 0)
            break;
    }
    return m_state->write(Touches::Lists, [&] { return store::writeValue(*m_state->database, "lengthKey", key); });
}

Result<> Project::storeLengths(const std::vector<data::ContentLength> &lengths, std::int64_t maxLength)
{
    return m_state->write(Touches::Lists, [&]() -> Result<> {
        auto update = m_state->database->prepare("UPDATE content SET tokens = ?, answerAt = ? WHERE hash = ?");
        if (!update)
            return passError(update);
        for (const auto &[hash, tokens, answerAt] : lengths) {
            if (auto done = update->bind(tokens).bind(answerAt < 0 ? std::optional<std::int64_t>() : std::optional(answerAt)).bind(hash).run(); !done)
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
