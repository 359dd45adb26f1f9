// The record: one conversation that an expert curates, and what is known about it. Plain values; knows no database and no tokenizer.
#pragma once

#include "core/base/ids.h"

#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

enum class Role { System, User, Assistant, Tool };
enum class RecordStatus { New, Edited, Approved, Rejected };
// Unassigned records are put into a split when a snapshot is frozen.
enum class Split { Unassigned, Train, HeldOut, Test };

struct Turn {
    Role role = Role::User;
    std::string text;      // UTF-8, exactly as written
    std::string extraJson; // other fields of the message (tool_calls, name, weight), as one JSON object, or empty
    friend bool operator==(const Turn &, const Turn &) = default;
};

// An instruction-response pair is a conversation of two turns (three with a system turn). The context stays a field of its own and is
// joined to the first user turn when the record is rendered (see ContextJoin).
struct Record {
    RecordId id;
    std::vector<Turn> turns;
    std::string context;
    std::vector<std::string> tags;
    RecordStatus status = RecordStatus::New;
    int rating = 0; // 0: not rated, 1 to 5
    std::string note;
    std::string source; // "house-rules.csv, line 12"
    Split split = Split::Unassigned;
    std::string toolsJson; // tool definitions offered to the model, JSON array, or empty
    friend bool operator==(const Record &, const Record &) = default;
};

// How context joins the instruction: "{instruction}\n{context}" unless the project says otherwise.
struct ContextJoin {
    std::string separator = "\n";
    friend bool operator==(const ContextJoin &, const ContextJoin &) = default;
};

// The first user turn, the last assistant turn, the system turn: empty where there is none.
[[nodiscard]] std::string_view instructionOf(const Record &record);
[[nodiscard]] std::string_view responseOf(const Record &record);
[[nodiscard]] std::string_view systemOf(const Record &record);
// True for [system] user assistant: what the instruction/context/response editor can show.
[[nodiscard]] bool isPair(const Record &record);
[[nodiscard]] Record makePair(std::string instruction, std::string context, std::string response, std::string system = {});

// Names as they stand in files and on the command line: "system", "user", "assistant", "tool"; "new" ...; "train", "held-out", "test", "".
[[nodiscard]] std::string_view nameOf(Role role);
[[nodiscard]] std::string_view nameOf(RecordStatus status);
[[nodiscard]] std::string_view nameOf(Split split);

// SHA-256 (lower-case hex) over what is trained: turns, context, tools. Tags, notes and status do not change it.
[[nodiscard]] std::string contentHash(const Record &record);

} // namespace fettle::data
