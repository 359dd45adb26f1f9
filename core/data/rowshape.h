// From one row of a file (an object with named values, or a list of messages) to one record: which shape it has, which column is which
// field. Knows rows, not files.
#pragma once

#include "core/data/columnnames.h"
#include "core/data/jsonreader.h"
#include "core/data/record.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace fettle::data {

struct RowPlan {
    std::string shape;                          // "alpaca", "dolly", "prompt-completion", "question-answer", "sharegpt", "messages", "tree", "instances", "columns"
    std::map<std::string, std::string> mapping; // field -> column; fields: instruction, context, response, system, tags, split, note, messages, tools, history, tree, instances
    std::map<std::string, Role> roles = {}; // of the user's choice: what the file calls a speaker -> who that is
    friend bool operator==(const RowPlan &, const RowPlan &) = default;
};

struct RowOutcome {
    std::optional<Record> record;
    std::vector<Record> more;         // further records of the same row: other paths through a tree, other instances
    std::string field, reason;        // of a rejected row
    std::vector<std::string> speakers; // of the messages, as the file calls them; the last may be one that is not known
    std::vector<std::string> notices; // codes, for example "emptyResponse"
};

// Whether only names that are known well are taken, or also the one column whose name is similar ("house_answer"). A similar name is taken
// where the report can tell of it.
enum class NameMatch { Known, Similar };

// What the columns of a row mean; nothing where neither an instruction nor a conversation is found.
[[nodiscard]] std::optional<RowPlan> recogniseRow(const JsonValue &row, NameMatch match = NameMatch::Known);
// The same by names alone, for tables.
[[nodiscard]] std::optional<RowPlan> recogniseColumns(const std::vector<std::string> &columns, NameMatch match = NameMatch::Known);
// All fields but perhaps the instruction.
[[nodiscard]] RowPlan fieldsOf(const std::vector<std::string> &columns, NameMatch match);
// Columns of similar names that could each be the field. Two or more: none of them is taken.
[[nodiscard]] std::vector<std::string> similarColumns(std::string_view field, const std::vector<std::string> &columns);
// Whether the column was taken for the field by a similar name only.
[[nodiscard]] bool isTakenBySimilarity(const std::string &field, const std::string &column);
// Columns that only later rows have (a note, tags, a split): taken into the plan where the field has no column yet. mapping: the user's choice.
void addLateColumns(RowPlan &plan, const std::vector<std::string> &columns, const std::map<std::string, std::string> &mapping);
// The user's choice laid over a plan: a field mapped to "" is not read.
[[nodiscard]] RowPlan withMapping(std::optional<RowPlan> plan, const std::map<std::string, std::string> &mapping);

// A tree of messages (OpenAssistant): an object with text, role and a list of replies. Its place in the row, or nullptr.
[[nodiscard]] const JsonValue *treeIn(const JsonValue &row, std::string &column);
[[nodiscard]] RowOutcome recordsFromTree(const JsonValue &row, const RowPlan &plan);
// self-instruct: one instruction with a list of inputs and outputs.
[[nodiscard]] bool isListOfInstances(const JsonValue &value);
[[nodiscard]] RowOutcome recordsFromInstances(const JsonValue &row, const RowPlan &plan);

// file: the text that the places in the row refer to. Rows are never changed in silence: what cannot be taken over rejects them.
[[nodiscard]] RowOutcome recordFromRow(const JsonValue &row, const RowPlan &plan, std::string_view file);

} // namespace fettle::data
