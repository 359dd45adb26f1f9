// The weights of a model as they lie in its files: every tensor under its Hugging Face name with its raw bytes (plain or quantised
// blocks), checked against the config before anything is read. Knows no tensor library.
#pragma once

#include "core/base/result.h"
#include "core/io/tensorfile.h"
#include "core/model/config.h"

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::model {

// One tensor of the model. entry.bytes point into the mapped files and live as long as the WeightSource.
struct SourceTensor {
    std::string name;      // "model.layers.0.self_attn.q_proj.weight"
    io::TensorEntry entry; // entry.name is the file's own spelling; entry.shape is the reference's (checked)
    // GGUF of arch llama stores the rows of q and k so that the two halves of a head alternate. Heads in the tensor, or 0 when the rows
    // are in the reference's order.
    std::int64_t interleavedHeads = 0;
    // GGUF stores GPT-NeoX's fused map as all of q, then k, then v; the reference head by head. Heads in the tensor, or 0.
    std::int64_t groupedHeads = 0;
    // The file holds [in, out] although entry.shape says [out, in]: GPT-2's matrices in Hugging Face folders.
    bool isTransposed = false;
    float offset = 0; // value of the reference = value of the file + offset. GGUF holds 1 + weight for Gemma's norms

    // Row of the file that holds row `row` of the reference's matrix.
    [[nodiscard]] std::int64_t fileRow(std::int64_t row) const;
    // Rows [first, first + count) of the reference's matrix as fp32. target: count * entry.rowValues() values.
    [[nodiscard]] Result<> decodeRows(std::int64_t first, std::int64_t count, std::span<float> target) const;
    // The bytes in the order of the shape, for a tensor that is transposed. Its values are plain: folders hold no blocks.
    [[nodiscard]] std::vector<std::byte> turnedBytes() const;
};

class WeightSource {
public:
    // path: a folder with config.json and safetensors (single or sharded), or a .gguf file. Errors: NotFound, BadInput naming the tensor,
    // the shape found and the shape that the config demands; missing and unknown tensors are listed together.
    [[nodiscard]] static Result<std::shared_ptr<const WeightSource>> open(const std::filesystem::path &path);
    ~WeightSource();

    [[nodiscard]] const ModelConfig &config() const { return m_config; }
    [[nodiscard]] const std::filesystem::path &path() const { return m_path; }
    [[nodiscard]] const std::vector<SourceTensor> &tensors() const { return m_tensors; } // in the order of the decoder
    [[nodiscard]] const SourceTensor *find(std::string_view name) const;
    [[nodiscard]] bool isGguf() const { return m_isGguf; }
    [[nodiscard]] std::string storage() const; // "Q4_1, Q8_0, F32": types by bytes, largest first

    // Gives back the memory of what was read of the files so far; whoever reads it again fetches it again.
    void forgetRead() const;

    struct Files;
private:
    WeightSource();
    std::filesystem::path m_path;
    ModelConfig m_config;
    std::vector<SourceTensor> m_tensors;
    bool m_isGguf = false;
    std::unique_ptr<Files> m_files;
};

// For readers of values: a tensor holds NaN or infinity, with which nothing can be computed.
[[nodiscard]] Error brokenValues(const WeightSource &source, const SourceTensor &tensor);

// Name and shape of every tensor that a model of this config has, in the order of the decoder. A tied head is not listed.
struct ExpectedTensor { std::string name; std::vector<std::int64_t> shape; }; // matrices [out, in]
[[nodiscard]] std::vector<ExpectedTensor> expectedTensors(const ModelConfig &config);
// Whether Hugging Face folders hold this matrix as [in, out] (GPT-2).
[[nodiscard]] bool isTransposedInFolders(const ModelConfig &config, std::string_view name);
// Hugging Face name of a GGUF tensor ("blk.0.attn_q.weight") in a model of this config; empty when there is none.
[[nodiscard]] std::string nameFromGguf(std::string_view ggufName, const ModelConfig &config = {});

} // namespace fettle::model
