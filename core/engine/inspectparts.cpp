// What folders and files of every kind have in common: tensors, tokenizer, licence.
#include "core/engine/inspectparts.h"

#include "core/base/words.h"
#include "core/io/jsonfile.h"
#include "core/text/chattemplate.h"
#include "core/text/tokenizer.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <map>

namespace fettle::engine {

namespace fs = std::filesystem;

void addProblem(Inspection &inspection, const Error &error)
{
    const bool isKnown = std::any_of(inspection.problems.begin(), inspection.problems.end(),
                                     [&](const ModelProblem &problem) { return problem.message == error.message; });
    if (!isKnown)
        inspection.problems.push_back({error.message, error.hint});
}

void addTensors(Inspection &inspection, const std::vector<io::TensorEntry> &tensors)
{
    std::map<io::StorageType, std::int64_t> bytesOf, countOf;
    std::int64_t bytes = 0;
    inspection.tensors = static_cast<std::int64_t>(tensors.size());
    inspection.parameters = 0;
    for (const io::TensorEntry &entry : tensors) {
        if (entry.name != "rope_freqs.weight") // a table, not learnt
            inspection.parameters += entry.values();
        bytesOf[entry.type] += static_cast<std::int64_t>(entry.bytes.size());
        ++countOf[entry.type];
        bytes += static_cast<std::int64_t>(entry.bytes.size());
    }
    std::vector<std::pair<std::int64_t, io::StorageType>> ordered;
    for (const auto &[type, size] : bytesOf)
        ordered.emplace_back(-size, type);
    std::sort(ordered.begin(), ordered.end());
    std::vector<std::string> main, all;
    for (const auto &[negativeSize, type] : ordered) {
        // Norms are F32 in nearly every quantised file and would only distract.
        if (-negativeSize * 100 >= bytes)
            main.emplace_back(io::nameOf(type));
        all.push_back(tr("{} in {}", countOf[type], io::nameOf(type)));
        if (!io::canDecode(type)) {
            addProblem(inspection,
                       {ErrorCode::BadInput,
                        tr("{} tensors are stored as {}, which cannot be unpacked.", countOf[type], io::nameOf(type)),
                        tr("Use a file of the same model stored as F16, BF16, Q8_0, Q4_0 or one of Q2_K to Q6_K.")});
        }
    }
    inspection.storage = fmt::format("{}", fmt::join(main, ", "));
    if (all.size() > 1)
        inspection.facts["tensor types"] = fmt::format("{}", fmt::join(all, ", "));
}

void addFileSizes(Inspection &inspection, const std::vector<fs::path> &files)
{
    inspection.fileBytes = 0;
    for (const fs::path &file : files) {
        std::error_code error;
        if (const auto size = fs::file_size(file, error); !error)
            inspection.fileBytes += static_cast<std::int64_t>(size);
    }
    if (files.size() > 1)
        inspection.facts["files"] = std::to_string(files.size());
}

void addTokenizer(Inspection &inspection, const fs::path &folder)
{
    std::error_code error;
    if (!fs::exists(folder / "tokenizer.json", error)) {
        const bool hasModelFile = fs::exists(folder / "tokenizer.model", error) || fs::exists(folder / "vocab.json", error);
        addProblem(inspection,
                   {ErrorCode::BadInput, tr("The tokenizer is missing: there is no tokenizer.json in \"{}\".", folder.string()),
                    hasModelFile
                        ? tr("Open the model once in Python with AutoTokenizer and save it with save_pretrained: that writes tokenizer.json.")
                        : tr("Fetch tokenizer.json and tokenizer_config.json of this model into the folder.")});
    } else if (auto tokenizer = text::Tokenizer::fromFolder(folder)) {
        inspection.tokenizer = tokenizer->description();
        if (inspection.vocabulary == 0)
            inspection.vocabulary = static_cast<int>(tokenizer->vocabularySize());
        else if (tokenizer->vocabularySize() > inspection.vocabulary) {
            addProblem(inspection,
                       {ErrorCode::BadInput,
                        tr("The tokenizer has {} tokens, but the model has only {}: they do not belong together.",
                                    tokenizer->vocabularySize(), inspection.vocabulary),
                        tr("Fetch tokenizer.json of this model again.")});
        }
    } else {
        addProblem(inspection, tokenizer.error());
    }
    const auto chatTemplate = text::ChatTemplate::fromTokenizerFolder(folder);
    inspection.hasChatTemplate = chatTemplate.has_value();
    if (!chatTemplate && chatTemplate.error().code != ErrorCode::NotFound) // without one, the plain template stands in
        addProblem(inspection, chatTemplate.error());
}

std::string frontMatterValue(const fs::path &readme, std::string_view key)
{
    std::ifstream input(readme);
    std::string line;
    if (!std::getline(input, line) || line.compare(0, 3, "---") != 0)
        return {};
    for (int lines = 0; lines < 200 && std::getline(input, line) && line.compare(0, 3, "---") != 0; ++lines) {
        if (line.size() <= key.size() || line.compare(0, key.size(), key) != 0 || line[key.size()] != ':')
            continue;
        std::string value = line.substr(key.size() + 1);
        const std::size_t begin = value.find_first_not_of(" \t\"'");
        const std::size_t end = value.find_last_not_of(" \t\r\"'");
        return begin == std::string::npos ? std::string() : value.substr(begin, std::min<std::size_t>(end - begin + 1, 100));
    }
    return {};
}

std::string licenceOfFolder(const fs::path &folder)
{
    std::string licence = frontMatterValue(folder / "README.md", "license");
    if (licence == "other") {
        if (const std::string name = frontMatterValue(folder / "README.md", "license_name"); !name.empty())
            licence = name;
    }
    if (!licence.empty())
        return licence;
    for (const char *name : {"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"}) {
        std::ifstream input(folder / name);
        for (std::string line; std::getline(input, line);) {
            const std::size_t begin = line.find_first_not_of(" \t#\r");
            if (begin == std::string::npos)
                continue;
            const std::size_t end = line.find_last_not_of(" \t\r");
            return line.substr(begin, std::min<std::size_t>(end - begin + 1, 80)); // its title
        }
    }
    return {};
}

} // namespace fettle::engine
