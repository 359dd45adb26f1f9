#include "core/engine/helptraining.h"

#include "core/engine/rankjob.h"
#include "core/model/torcherror.h"
#include "core/train/trainer.h"

namespace fettle::engine {

Result<> helpTraining(train::Ranks &ranks, const ComputeOptions &compute, std::stop_token stop)
try {
    at::set_num_threads(compute.threads > 0 ? compute.threads : ranks.threads());
    auto job = receiveJob(ranks);
    if (!job)
        return passError(job);
    auto trainee = loadTrainees(&ranks, job->start, {}, stop);
    if (!trainee)
        return passError(trainee);
    train::TrainerSetup setup;
    setup.weights = trainee->weights;
    setup.adapter = trainee->adapter;
    setup.trainDocuments = job->train;
    setup.heldOutDocuments = job->heldOut;
    setup.recipe = job->start.recipe;
    setup.epochChanges = job->epochChanges;
    setup.ranks = &ranks;
    if (!job->start.checkpoint.empty())
        setup.resumeFrom = job->start.checkpoint;
    auto outcome = train::runTraining(setup, {}, stop);
    return outcome ? Result<>() : Result<>(passError(outcome));
} catch (const std::exception &exception) {
    return tl::unexpected<Error>(model::errorFromException(exception, "training"));
}

} // namespace fettle::engine
