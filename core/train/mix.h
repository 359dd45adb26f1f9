// Several sets of records in one run, each read more or less often. A set is a file that records came from ("rules.jsonl", "own" for those that
// were written by hand) or a tag ("tag:dosage"); a weight of 2 reads its rows twice in every epoch, 0.5 half of them (others in each epoch), 0 none.
#pragma once

#include "core/train/documents.h"

namespace fettle::train {

// "rules.jsonl, line 12" came from rules.jsonl; empty where there is no file.
[[nodiscard]] std::string sourceOf(const data::Record &record);
// Gives the documents of the set their weights; those that are never read leave it, and tokens are those of one epoch. Gives the names that
// no record belongs to. mix: the setting of that name. Errors: Usage.
[[nodiscard]] Result<std::vector<std::string>> applyMix(LabelledSet &set, std::span<const data::Record> records, std::string_view mix);

} // namespace fettle::train
