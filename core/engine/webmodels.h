// Models from a hub that speaks as Hugging Face's does: fetched by name on demand, checked, kept in the layout of the local cache, so that other
// programs find them too. HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN and HF_HUB_OFFLINE are honoured.
#pragma once

#include "core/base/progress.h"
#include "core/base/result.h"
#include "core/io/download.h"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::engine {

// In the folder of a model in the cache: held while it is fetched or deleted.
inline constexpr const char *kDownloadLock = "fettle.lock";

// "org/name", "org/name:Q4_K_M" for one of several GGUF files, or the address of the model's page. Errors: Usage.
struct HubName { std::string model, variant; };
[[nodiscard]] Result<HubName> parseHubName(const std::string &text);

struct HubDownload {
    std::filesystem::path path; // as resolveModel gives it
    std::int64_t bytes = 0;     // of its files
    std::int64_t fetched = 0;   // of them in this call; the rest was there
};
// Weights as safetensors or GGUF with what belongs to them; never pickled ones. What has come is kept when it ends early, and gone on from by the
// next call. Errors: Usage; NotFound and NoPermission (the hub's); BadInput (a hash or length that is not true, no usable weights, several GGUF
// files to choose from); DiskFull; Cancelled.
[[nodiscard]] Result<HubDownload> downloadModel(const std::string &wanted, const ProgressCallback &progress = {}, std::stop_token stop = {}, const io::WebOptions &web = {});

// A download that ended early. What has come lies in the cache; downloadModel(wanted) goes on from there.
struct UnfinishedDownload {
    std::string wanted; // as it was asked for: "org/name:Q4_K_M"
    std::int64_t bytes = 0, present = 0;
};
// Those of the local cache, by name. Opens small files only.
[[nodiscard]] std::vector<UnfinishedDownload> unfinishedDownloads();
// Throws away what has come; files that belong to another model or variant stay. The bytes that became free. Errors: Usage (no name), NotFound,
// NoPermission (it is being downloaded), those of the disk.
[[nodiscard]] Result<std::int64_t> discardDownload(const std::string &wanted);

} // namespace fettle::engine
