// Inside core/engine: the parts that inspect() is made of. Each fills what it knows and reports what is missing as problems; none reads weights.
#pragma once

#include "core/engine/models.h"
#include "core/io/gguf.h"
#include "core/io/tensorfile.h"

#include <filesystem>
#include <string>
#include <vector>

namespace fettle::engine {

void addProblem(Inspection &inspection, const Error &error);
// tensors, parameters, storage; types that a program cannot unpack become a problem.
void addTensors(Inspection &inspection, const std::vector<io::TensorEntry> &tensors);
void addFileSizes(Inspection &inspection, const std::vector<std::filesystem::path> &files);
// Tokenizer and chat template of a folder. Missing ones become problems.
void addTokenizer(Inspection &inspection, const std::filesystem::path &folder);

// Licence of a folder: README.md's front matter or the title of a licence file. Empty when none says so.
[[nodiscard]] std::string licenceOfFolder(const std::filesystem::path &folder);
// A value of the front matter of a README.md ("license", "base_model"); empty when there is none.
[[nodiscard]] std::string frontMatterValue(const std::filesystem::path &readme, std::string_view key);

[[nodiscard]] Inspection inspectModelFolder(const std::filesystem::path &folder);
[[nodiscard]] Result<Inspection> inspectGguf(const std::filesystem::path &file);
[[nodiscard]] Inspection inspectAdapter(const std::filesystem::path &folder);

} // namespace fettle::engine
