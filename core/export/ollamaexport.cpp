#include "core/base/words.h"
#include "core/export/exporting.h"
#include "core/export/ollama.h"
#include "core/export/staging.h"
#include "core/export/tokenizerfiles.h"
#include "core/generate/endtokens.h"
#include "core/io/atomicfile.h"

#include <fmt/format.h>

namespace fettle::exporting {

Result<Outcome> exportOllama(Source source, GgufForm form, const std::filesystem::path &folder, const std::string &name, const std::string &system,
                             const ProgressCallback &progress, std::stop_token stop)
{
    auto staging = Staging::create(folder);
    if (!staging)
        return passError(staging);
    const std::string ggufName = fmt::format("{}.{}.gguf", name, nameOf(form));
    const std::filesystem::path base = source.model;
    const model::ModelConfig config = source.weights->config;
    auto outcome = exportGguf(std::move(source), form, staging->folder() / ggufName, name, progress, stop);
    if (!outcome)
        return tl::unexpected(staging->inTarget(outcome.error()));
    const auto tokenizer = loadTokenizer(base);
    if (!tokenizer)
        return passError(tokenizer);
    const auto chatTemplate = loadChatTemplate(base);
    auto marks = chatTemplate ? turnMarks(*chatTemplate, *tokenizer) : std::nullopt;
    if (marks && !canSay(*marks))
        marks.reset();
    std::vector<std::string> stops;
    for (const TokenId id : generate::endTokens(config, *tokenizer, chatTemplate ? &*chatTemplate : nullptr, base))
        stops.emplace_back(tokenizer->tokenText(id));
    if (const std::string kept = ollamaText(system); kept != system)
        outcome->selfTest.checks.push_back({tr("System prompt"), tr("written in the characters that Ollama reads"), tr("the same words"), true});
    outcome->selfTest.checks.push_back({tr("Ollama's template"), marks ? tr("5 of 5 conversations the same") : tr("the chat template does more than Ollama's language can say; Ollama will guess"), tr("all"), true});
    if (auto written = io::writeFileAtomically(staging->folder() / "Modelfile", modelfile(ggufName, marks, stops, system)); !written)
        return tl::unexpected(staging->inTarget(written.error()));
    if (auto published = staging->publish(); !published)
        return passError(published);
    const auto content = contentOf(folder);
    outcome->files = content.files;
    outcome->bytes = content.bytes;
    return outcome;
}

} // namespace fettle::exporting
