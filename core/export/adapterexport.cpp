#include "core/base/words.h"
#include "core/export/exporting.h"
#include "core/export/selftest.h"
#include "core/export/staging.h"
#include "core/export/tokenizerfiles.h"
#include "core/tune/adapter.h"

namespace fettle::exporting {

namespace {

Result<SelfTest> writeAdapter(Source source, Staging &staging, const ProgressCallback &progress, std::stop_token stop)
{
    if (progress)
        progress({tr("Writing the adapter"), 0, 2, -1});
    if (auto saved = source.adapter->save(staging.folder()); !saved)
        return passError(saved);
    if (auto written = writeBeside(source, staging); !written)
        return passError(written);
    if (stop.stop_requested())
        return cancelledExport();
    if (progress)
        progress({tr("Checking the adapter"), 1, 2, -1});
    auto reloaded = tune::loadAdapter(staging.folder(), source.weights->config);
    if (!reloaded)
        return passError(reloaded);
    auto test = testAdapter(std::move(source), *reloaded, KeptValues::AsTrained, progress, stop);
    if (!test)
        return passError(test);
    if (auto published = staging.publish(); !published)
        return passError(published);
    return test;
}

} // namespace

Result<Outcome> exportAdapterFolder(Source source, const std::filesystem::path &folder, const ProgressCallback &progress, std::stop_token stop)
{
    auto staging = Staging::create(folder);
    if (!staging)
        return passError(staging);
    const auto test = writeAdapter(std::move(source), *staging, progress, stop);
    if (!test)
        return tl::unexpected(staging->inTarget(test.error()));
    const auto content = contentOf(folder);
    return Outcome{content.files, content.bytes, *test};
}

} // namespace fettle::exporting
