// What a run learnt, as the project keeps it: answers to probe prompts, the ledger of losses, how people call a run, which checkpoint is its
// result.
#include "core/base/clock.h"
#include "core/base/words.h"
#include "core/engine/projectstate.h"
#include "core/engine/runmoves.h"
#include "core/engine/runresult.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

Result<data::LossTable> readPart(const store::Database &database, RunId run, LedgerPart part, std::int64_t from = 0)
{
    data::LossTable table;
    auto rows = database.prepare("SELECT records FROM ledgerRows WHERE run = ? AND part = ?");
    if (!rows)
        return passError(rows);
    const auto hasRows = rows->bind(run.value).bind(static_cast<int>(part)).step();
    if (!hasRows)
        return passError(hasRows);
    if (!*hasRows)
        return table;
    for (const std::int64_t id : valuesOf<std::int64_t>(rows->view(0)))
        table.rows.push_back({id});
    auto losses = database.prepare("SELECT at, losses FROM ledger WHERE run = ? AND part = ? AND at >= ? ORDER BY at");
    if (!losses)
        return passError(losses);
    losses->bind(run.value).bind(static_cast<int>(part)).bind(from);
    for (;;) {
        const auto hasRow = losses->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return table;
        if (losses->view(1).size() != table.rows.size() * sizeof(float))
            return fail(ErrorCode::BadInput, tr("The ledger of run {} holds {} bytes at {} instead of {}.", run.value, losses->view(1).size(), losses->integer(0),
                                                table.rows.size() * sizeof(float)),
                        tr("The project is damaged here; the curves and the result of the run are not concerned."));
        table.at.push_back(losses->integer(0));
        table.losses.push_back(valuesOf<float>(losses->view(1)));
    }
}

} // namespace

Result<> Project::labelRun(RunId id, const RunLabel &label)
{
    if (label.name.empty())
        return fail(ErrorCode::BadInput, tr("A run needs a name."), tr("Write one, for example \"Run {}\".", id.value));
    return m_state->write(Touches::Other, [&]() -> Result<> {
        std::string tags;
        for (const std::string &tag : label.tags)
            tags += tag + "\n";
        auto update = m_state->database->prepare("UPDATE run SET name = ?, tags = ?, note = ?, isArchived = ? WHERE id = ?");
        if (!update)
            return passError(update);
        if (auto done = update->bind(label.name).bind(tags).bind(label.note).bind(label.isArchived ? 1 : 0).bind(id.value).run(); !done)
            return done;
        if (m_state->database->changedRows() == 0)
            return fail(ErrorCode::NotFound, tr("There is no run {} in this project.", id.value), tr("List the runs to see their numbers."));
        return {};
    });
}

Result<RunInfo> Project::makeResult(RunId id, std::int64_t step)
{
    auto run = this->run(id);
    if (!run)
        return passError(run);
    if (!isAtRest(run->state))
        return fail(ErrorCode::BadInput, tr("{} is {}: its result comes at the end.", run->name, nameOf(run->state)), tr("Pause or stop it first."));
    const auto known = checkpoints(id);
    if (!known)
        return passError(known);
    const auto checkpoint = std::ranges::find(*known, step, &CheckpointInfo::step);
    if (checkpoint == known->end())
        return fail(ErrorCode::NotFound, tr("{} has no checkpoint at step {}.", run->name, step), tr("Choose one that was kept."));
    auto copied = copyAsResult(checkpoint->path, runFolder(id), run->method);
    if (!copied)
        return passError(copied);
    run->adapter = copied->string();
    run->resultStep = step;
    if (auto updated = updateRun(*run); !updated)
        return passError(updated);
    return *run;
}

Result<> Project::putProbes(RunId id, const std::vector<data::ProbeQuestion> &questions)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto insert = m_state->database->prepare("INSERT OR REPLACE INTO probe(run, position, record, question, expected) VALUES(?, ?, ?, ?, ?)");
        if (!insert)
            return passError(insert);
        for (std::size_t i = 0; i < questions.size(); ++i) {
            insert->bind(id.value).bind(static_cast<std::int64_t>(i)).bind(questions[i].record.value);
            if (auto done = insert->bind(questions[i].question).bind(questions[i].expected).run(); !done)
                return done;
        }
        return {};
    });
}

Result<> Project::putProbeAnswers(RunId id, std::int64_t step, const std::vector<std::string> &answers)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto insert = m_state->database->prepare("INSERT OR REPLACE INTO probeAnswer(run, step, position, text) VALUES(?, ?, ?, ?)");
        if (!insert)
            return passError(insert);
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (auto done = insert->bind(id.value).bind(step).bind(static_cast<std::int64_t>(i)).bind(answers[i]).run(); !done)
                return done;
        }
        return {};
    });
}

Result<data::RunProbes> Project::probes(RunId id) const
{
    data::RunProbes probes;
    auto questions = m_state->database->prepare("SELECT record, question, expected FROM probe WHERE run = ? ORDER BY position");
    auto answers = m_state->database->prepare("SELECT step, position, text FROM probeAnswer WHERE run = ? ORDER BY step, position");
    if (!questions)
        return passError(questions);
    if (!answers)
        return passError(answers);
    questions->bind(id.value);
    for (;;) {
        const auto hasRow = questions->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            break;
        probes.questions.push_back({{questions->integer(0)}, questions->text(1), questions->text(2)});
    }
    answers->bind(id.value);
    for (;;) {
        const auto hasRow = answers->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return probes;
        probes.answers.push_back({answers->integer(0), answers->integer(1), answers->text(2)});
    }
}

Result<std::vector<CurveNote>> Project::curveNotes(RunId id) const
{
    auto select = m_state->database->prepare("SELECT id, step, text, at FROM curveNote WHERE run = ? ORDER BY step, id");
    if (!select)
        return passError(select);
    select->bind(id.value);
    std::vector<CurveNote> notes;
    for (;;) {
        const auto hasRow = select->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return notes;
        notes.push_back({select->integer(0), select->integer(1), select->text(2), select->text(3)});
    }
}

Result<CurveNote> Project::putCurveNote(RunId id, const CurveNote &note)
{
    if (note.text.empty())
        return fail(ErrorCode::BadInput, tr("A note needs a text."), tr("Write one, or remove the note."));
    if (auto known = run(id); !known)
        return passError(known);
    return m_state->write(Touches::Other, [&]() -> Result<CurveNote> {
        CurveNote stored = note;
        stored.when = isoNow();
        auto put = m_state->database->prepare(note.id == 0 ? "INSERT INTO curveNote(step, text, at, run) VALUES(?, ?, ?, ?)"
                                                           : "UPDATE curveNote SET step = ?, text = ?, at = ? WHERE run = ? AND id = ?");
        if (!put)
            return passError(put);
        put->bind(stored.step).bind(stored.text).bind(stored.when).bind(id.value);
        if (note.id != 0)
            put->bind(note.id);
        if (auto done = put->run(); !done)
            return passError(done);
        if (m_state->database->changedRows() == 0)
            return fail(ErrorCode::NotFound, tr("There is no note {} at run {}.", note.id, id.value), tr("It may have been removed."));
        if (note.id == 0)
            stored.id = m_state->database->lastInsertId();
        return stored;
    });
}

Result<> Project::removeCurveNote(RunId id, std::int64_t note)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto remove = m_state->database->prepare("DELETE FROM curveNote WHERE run = ? AND id = ?");
        if (!remove)
            return passError(remove);
        return remove->bind(id.value).bind(note).run();
    });
}

Result<> Project::putLedgerRows(RunId id, LedgerPart part, const std::vector<RecordId> &rows)
{
    std::vector<std::int64_t> ids;
    for (const RecordId row : rows)
        ids.push_back(row.value);
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto insert = m_state->database->prepare("INSERT OR REPLACE INTO ledgerRows(run, part, records) VALUES(?, ?, ?)");
        if (!insert)
            return passError(insert);
        return insert->bind(id.value).bind(static_cast<int>(part)).bindBytes(bytesOf(std::span<const std::int64_t>(ids))).run();
    });
}

Result<> Project::putLedger(RunId id, LedgerPart part, std::int64_t at, std::span<const float> losses)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto insert = m_state->database->prepare("INSERT OR REPLACE INTO ledger(run, part, at, losses) VALUES(?, ?, ?, ?)");
        if (!insert)
            return passError(insert);
        return insert->bind(id.value).bind(static_cast<int>(part)).bind(at).bindBytes(bytesOf(losses)).run();
    });
}

Result<> Project::truncateLedger(RunId id, LedgerPart part, std::int64_t after)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto remove = m_state->database->prepare("DELETE FROM ledger WHERE run = ? AND part = ? AND at > ?");
        if (!remove)
            return passError(remove);
        return remove->bind(id.value).bind(static_cast<int>(part)).bind(after).run();
    });
}

Result<data::LossTable> Project::lossTable(RunId id, LedgerPart part, std::int64_t from) const
{
    return readPart(*m_state->database, id, part, from);
}

Result<std::vector<GeneralPoint>> Project::generalLosses(RunId id) const
{
    const auto table = readPart(*m_state->database, id, LedgerPart::General);
    if (!table)
        return passError(table);
    std::vector<GeneralPoint> points;
    for (std::size_t reading = 0; reading < table->at.size(); ++reading) {
        const std::vector<float> &losses = table->losses[reading];
        points.push_back({table->at[reading], std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(std::max<std::size_t>(losses.size(), 1))});
    }
    return points;
}

Result<data::LossLedger> Project::lossLedger(RunId id) const
{
    auto train = readPart(*m_state->database, id, LedgerPart::Train);
    if (!train)
        return passError(train);
    auto heldOut = readPart(*m_state->database, id, LedgerPart::HeldOut);
    if (!heldOut)
        return passError(heldOut);
    return data::LossLedger{std::move(*train), std::move(*heldOut)};
}

} // namespace fettle::engine
