// One conversation in a JSON text: what `render` and `generate` are given.
#include "core/base/words.h"
#include "core/data/importer.h"

#include "core/data/encoding.h"
#include "core/data/rowcollector.h"

#include <fmt/format.h>

namespace fettle::data {

Result<Record> readConversation(const std::string &json, const std::string &name)
{
    const auto decoded = decodeText(json, {}, name);
    if (!decoded)
        return passError(decoded);
    const std::string_view text = decoded->text;
    JsonReader reader(text);
    JsonValue value;
    auto problem = reader.readValue(value);
    if (!problem)
        problem = reader.expectEnd();
    if (problem) {
        LineCounter lines(text);
        return fail(ErrorCode::BadInput,
                    tr("Cannot read {} as JSON: line {}, column {}: {}.", name, lines.lineAt(problem->offset), lines.columnAt(problem->offset),
                                problem->reason),
                    tr("It must hold one conversation, for example {\"messages\": [{\"role\": \"user\", \"content\": \"...\"}]}."));
    }
    const auto plan = recogniseRow(value);
    if (!plan)
        return fail(ErrorCode::BadInput, tr("{} holds no conversation.", name),
                    tr("Give {\"messages\": [...]}, a list of messages, or an object with instruction, input and output."));
    RowOutcome outcome = recordFromRow(value, *plan, text);
    if (!outcome.record)
        return fail(ErrorCode::BadInput, tr("Cannot read the conversation in {}: {}{}{}.", name, outcome.field, outcome.field.empty() ? "" : ": ", outcome.reason),
                    tr("Correct this place and try again."));
    Record &record = *outcome.record;
    // A row without a column for the answer is a question that waits for one, not an empty answer.
    if (!plan->mapping.contains("messages") && plan->mapping.contains("instruction") && !plan->mapping.contains("response")
        && !plan->mapping.contains("instances"))
        record.turns.pop_back();
    record.source = name;
    return std::move(record);
}

} // namespace fettle::data
