// What every fine-tuning method offers to those who train, keep, load, sample and export it. One file for each method says what it does.
#pragma once

#include "core/base/result.h"
#include "core/model/sites.h"
#include "core/model/weights.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::tune {

struct NamedParameter {
    std::string name; // as in the method's file: "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
    at::Tensor tensor;
};

// Dropout masks are a pure function of seed, pass and place: nothing else has to be kept to repeat a run.
struct DropoutState {
    std::uint64_t seed = 0, pass = 0;
    friend bool operator==(const DropoutState &, const DropoutState &) = default;
};

class Adapter : public model::Sites {
public:
    // Every trained tensor in a fixed order: what an optimiser steps. The tensors are the adapter's own (changed in place).
    [[nodiscard]] virtual std::vector<NamedParameter> parameters() const = 0;
    // SHA-256 over names, shapes and values as they are now (strength excluded), lower-case hex.
    [[nodiscard]] virtual std::string hash() const = 0;
    // The method's own folder, files written atomically; loadAdapter reads it. Errors: DiskFull, NoPermission.
    [[nodiscard]] virtual Result<> save(const std::filesystem::path &folder) const = 0;

    // Empty when the adapter can be written into the weights; else why not, as a sentence.
    [[nodiscard]] virtual std::string whyNotMerged() const = 0;
    // A tensor of the model by the reference's name, with the adapter at its strength written into it; a view where it changes nothing.
    [[nodiscard]] virtual at::Tensor mergedTensor(const model::ModelWeights &weights, std::string_view name) const { return weights.tensor(name); }

    [[nodiscard]] std::int64_t parameterCount() const;
    [[nodiscard]] std::int64_t bytes() const { return parameterCount() * 4; }

    // Live: 0 is the base model, 1 the adapter as trained, 1.5 half as much again.
    void setStrength(double strength) { m_strength = strength; }
    [[nodiscard]] double strength() const { return m_strength; }

    // Training: gradients are wanted and dropout is on. A new adapter is not in training.
    void setTraining(bool isTraining);
    [[nodiscard]] bool isTraining() const { return m_isTraining; }
    // Call nextPass() before every micro-batch; a checkpoint stores dropoutState().
    void nextPass() { ++m_dropout.pass; }
    [[nodiscard]] DropoutState dropoutState() const { return m_dropout; }
    void setDropoutState(const DropoutState &state) { m_dropout = state; }

    [[nodiscard]] std::vector<at::Tensor> trained() const override;

protected:
    // Neither in training nor heard: the site is left as it is.
    [[nodiscard]] bool isSilent() const { return m_strength == 0.0 && !m_isTraining; }
    // The mask of a place for this pass; none outside training. Places of one adapter are numbered from 0.
    [[nodiscard]] model::Dropout dropoutAt(std::uint64_t place, double probability) const;

private:
    double m_strength = 1.0;
    bool m_isTraining = false;
    DropoutState m_dropout;
};

// SHA-256 over named tensors: name, shape and values.
[[nodiscard]] std::string hashOfParameters(const std::vector<NamedParameter> &parameters);

// Any adapter folder that this program reads. Errors: NotFound, BadInput naming file, setting or tensor.
[[nodiscard]] Result<std::shared_ptr<Adapter>> loadAdapter(const std::filesystem::path &folder, const model::ModelConfig &model);
// What is wrong with a folder's settings, found without reading its tensors. Errors: as loadAdapter.
[[nodiscard]] Result<> checkAdapterConfig(const std::filesystem::path &folder);
// How many values the adapter of a folder trains in this model. Errors: as loadAdapter.
[[nodiscard]] Result<std::int64_t> parametersOfFolder(const std::filesystem::path &folder, const model::ModelConfig &model);

// All weights with the adapter written into them. Errors: BadInput (values that are not finite, a method that cannot be merged).
[[nodiscard]] Result<std::shared_ptr<const model::ModelWeights>> mergeAdapter(const model::ModelWeights &weights, const Adapter &adapter);

} // namespace fettle::tune
