#include "core/data/mixgroups.h"

#include "core/data/record.h"
#include "core/data/recordquery.h"
#include "core/store/database.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace fettle::data {

Result<std::vector<MixGroup>> mixGroups(const store::Database &database, std::int64_t maxLength)
{
    // The first token of a text is never learnt: nothing comes before it.
    auto groups = database.prepare(fmt::format(
        "SELECT source, tags, count(*), sum(CASE WHEN tokens IS NULL OR answerAt < 0 THEN 0 ELSE max(0, min(tokens, ?1) - max(answerAt, 1)) END), "
        "sum(tokens IS NULL OR answerAt < 0) FROM (SELECT {} AS source, "
        "(SELECT json_group_array(tag) FROM (SELECT DISTINCT tag FROM recordTag WHERE record = r.id ORDER BY tag)) AS tags, c.tokens AS tokens, coalesce(c.answerAt, -1) AS answerAt "
        "FROM record r JOIN content c ON c.id = r.content WHERE r.status <> {} AND r.split IN ({}, {}) AND c.response <> '') GROUP BY 1, 2",
        kSourceOfRecord, static_cast<int>(RecordStatus::Rejected), static_cast<int>(Split::Unassigned), static_cast<int>(Split::Train)));
    if (!groups)
        return passError(groups);
    groups->bind(maxLength);
    std::vector<MixGroup> found;
    for (;;) {
        const auto hasRow = groups->step();
        if (!hasRow)
            return passError(hasRow);
        if (!*hasRow)
            return found;
        MixGroup group{groups->text(0), {}, groups->integer(2), groups->integer(3), groups->integer(4)};
        const auto tags = nlohmann::json::parse(groups->view(1), nullptr, false);
        for (const auto &tag : tags)
            if (tag.is_string())
                group.tags.push_back(tag.get<std::string>());
        found.push_back(std::move(group));
    }
}

} // namespace fettle::data
