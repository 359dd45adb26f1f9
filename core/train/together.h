// What the processes that train one run tell each other, at the places of the loop where they must agree. Alone, every call gives back what it
// is given.
#pragma once

#include "core/train/lossbatch.h"
#include "core/train/optimizer.h"
#include "core/train/ranks.h"
#include "core/train/trainer.h"

namespace fettle::train {

class Together {
public:
    explicit Together(const TrainerSetup &setup) : m_setup(setup) { }

    [[nodiscard]] bool isAlone() const { return !m_setup.ranks || m_setup.ranks->isAlone(); }
    // Those of the chosen documents that this process reads.
    [[nodiscard]] std::vector<std::int64_t> ownShare(std::span<const Document> documents, std::vector<std::int64_t> chosen) const;
    // Number of this process's first dropout pass in a step that has so many for all.
    [[nodiscard]] std::uint64_t firstPass(std::uint64_t passesPerStep) const;

    // All are ready, and begin with the same documents and values (hash). Errors: those of `ready`, BadInput.
    [[nodiscard]] Result<> begin(Result<> ready, const std::string &hash) const;
    // Another number of epochs that process 0 has accepted; 0: none.
    [[nodiscard]] Result<double> epochs(double own) const;
    // What process 0 is asked to do; a stop when any other is.
    [[nodiscard]] Result<Wish> wish(Wish own) const;

    struct Step {
        bool isInterrupted = false;
        double lossSum = 0;
        std::int64_t correct = 0;
        std::vector<DocumentLoss> read; // what no listener has heard of yet
    };
    // A step counts when all have read their share (own): sums, losses of the chosen documents and the optimiser's gradients are then those of all.
    [[nodiscard]] Result<Step> step(const Result<> &own, const Step &sums, std::span<const std::int64_t> chosen, AdamW &optimizer) const;
    // The same for the held-out documents. Cancelled in all when it was in one.
    [[nodiscard]] Result<LossTotals> totals(Result<LossTotals> own) const;

private:
    const TrainerSetup &m_setup;
};

} // namespace fettle::train
