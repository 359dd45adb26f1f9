#include "core/engine/stackedbase.h"

#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/engine/adapterpath.h"
#include "core/engine/delivery.h"
#include "core/engine/modelplaces.h"
#include "core/io/atomicfile.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::engine {

namespace fs = std::filesystem;

namespace {

// "run-3-step-40", "house-style": a name for a folder.
std::string folderName(std::string name)
{
    std::string text;
    for (const char c : name) {
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (isPlain || (!text.empty() && text.back() != '-'))
            text += !isPlain ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return text.substr(0, 60);
}

} // namespace

Result<fs::path> mergedBase(const Project &project, const std::string &model, const std::string &adapter, const ProgressCallback &progress, std::stop_token stop)
{
    auto start = resolveAdapter(adapter, &project);
    if (!start)
        return passError(start);
    if (start->isModel)
        return start->folder;
    // Whose folder it is follows from where the adapter lies and from the base: names of runs change and repeat.
    const std::string mark = sha256Hex(fmt::format("{}\n{}", start->folder.lexically_relative(project.folder()).string(), model)).substr(0, 8);
    const fs::path folder = project.folder() / "bases" / fmt::format("{}-{}", folderName(start->name), mark);
    if (isModelFolder(folder))
        return folder;
    if (auto created = io::createFolder(folder.parent_path()); !created)
        return passError(created);
    auto exported = exportAdapter({model, adapter, "merged", "f32", folder, start->name, {}}, &project, progress, std::move(stop));
    if (!exported)
        return passError(exported);
    if (!exported->selfTest.hasPassed) {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
        return fail(ErrorCode::Internal, tr("The base with {} written into it answers differently than the two apart: {}", start->name, exported->selfTest.cause),
                    tr("Go on from the adapter instead."));
    }
    return folder;
}

} // namespace fettle::engine
