// The prompts of the playground that a project keeps.
#include "core/engine/projectstate.h"

#include "core/base/clock.h"

namespace fettle::engine {

Result<std::vector<SavedPrompt>> Project::prompts() const
{
    auto statement = m_state->database->prepare("SELECT id, title, system, text, at, isPinned, context, tools FROM prompt ORDER BY isPinned DESC, id DESC");
    if (!statement)
        return passError(statement);
    std::vector<SavedPrompt> prompts;
    for (;;) {
        const auto hasRow = statement->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return prompts;
        const store::Statement &row = *statement;
        prompts.push_back({row.integer(0), row.text(1), row.text(2), row.text(3), row.text(4), row.integer(5) != 0, row.text(6), row.text(7)});
    }
}

Result<std::int64_t> Project::savePrompt(const SavedPrompt &prompt)
{
    return m_state->write(Touches::Other, [&]() -> Result<std::int64_t> {
        auto put = m_state->database->prepare("INSERT OR REPLACE INTO prompt(id, title, system, text, at, isPinned, context, tools) VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
        if (!put)
            return passError(put);
        put->bind(prompt.id > 0 ? std::optional(prompt.id) : std::optional<std::int64_t>());
        put->bind(prompt.title).bind(prompt.system).bind(prompt.text).bind(prompt.when.empty() ? isoNow() : prompt.when).bind(prompt.pinned ? 1 : 0).bind(prompt.context).bind(prompt.toolsJson);
        if (auto done = put->run(); !done)
            return passError(done);
        return m_state->database->lastInsertId();
    });
}

Result<> Project::deletePrompt(std::int64_t id)
{
    return m_state->write(Touches::Other, [&]() -> Result<> {
        auto remove = m_state->database->prepare("DELETE FROM prompt WHERE id = ?");
        if (!remove)
            return passError(remove);
        return remove->bind(id).run();
    });
}

} // namespace fettle::engine
