// Checkpoints on disk: a folder step-N that is either complete and proven by its manifest, or does not count.
//
//   <run>/checkpoints/step-40/adapter_config.json, adapter_model.safetensors   the adapter in its method's form: the folder loads as an adapter
//                                                                              (full fine-tuning: config, weights, tokenizer; it loads as a model)
//                             optimizer.safetensors                            both moments of AdamW, by parameter
//                             state.json                                       counters, data position, schedule, recipe, random streams
//                             manifest.json                                    size and SHA-256 of each file; written last
//
// Everything is written below step-N.tmp and renamed when the manifest is durable. Knows files and hashes, no tensor and no meaning.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fettle::train {

class CheckpointWriter {
public:
    // Makes the empty folder step-N.tmp below `folder`, in place of what an interrupted writer left there.
    // Errors: NoPermission, DiskFull.
    [[nodiscard]] static Result<CheckpointWriter> begin(const std::filesystem::path &folder, std::int64_t step);
    CheckpointWriter(CheckpointWriter &&other) noexcept;
    CheckpointWriter &operator=(CheckpointWriter &&) = delete;
    ~CheckpointWriter(); // removes the temporary folder unless finish succeeded

    // Where the caller writes its files (durably: io/atomicfile.h, io/safetensors.h).
    [[nodiscard]] const std::filesystem::path &path() const { return m_temporary; }
    // Hashes what is there, writes the manifest and gives the folder its name. Returns the final folder. A complete checkpoint of the
    // same step is replaced. Errors: DiskFull, NoPermission; then nothing of this checkpoint remains and older ones are untouched.
    [[nodiscard]] Result<std::filesystem::path> finish();

private:
    CheckpointWriter(std::filesystem::path folder, std::int64_t step);
    std::filesystem::path m_folder, m_temporary;
    std::int64_t m_step = 0;
};

struct CheckpointOnDisk {
    std::int64_t step = 0;
    std::filesystem::path path;
};

// Folders step-N, lowest step first. Says nothing about their state. Temporary ones are left out.
[[nodiscard]] std::vector<CheckpointOnDisk> listCheckpoints(const std::filesystem::path &folder);

// Checks every file against the manifest. Errors: BadInput naming the file that is missing, short or changed; NotFound.
[[nodiscard]] Result<> verifyCheckpoint(const std::filesystem::path &checkpoint);

struct NewestCheckpoint {
    CheckpointOnDisk checkpoint;
    std::vector<Error> damaged; // newer ones that did not pass, newest first: to be told to the user
};
// Errors: NotFound when no checkpoint is usable; the message says what is wrong with those that exist.
[[nodiscard]] Result<NewestCheckpoint> newestValidCheckpoint(const std::filesystem::path &folder);

// Removes all but the newest `keep` and those whose step is protected; never the newest one. Returns the steps that were removed.
std::vector<std::int64_t> retainCheckpoints(const std::filesystem::path &folder, std::int64_t keep,
                                            std::span<const std::int64_t> protectedSteps);
// Removes checkpoints after `step` and all temporary folders: before a run goes on from there.
void dropCheckpointsAfter(const std::filesystem::path &folder, std::int64_t step);

} // namespace fettle::train
