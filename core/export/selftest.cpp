#include "core/export/selftest.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace fettle::exporting {

std::vector<std::vector<TokenId>> probePrompts(const text::Tokenizer &tokenizer, const model::ModelConfig &config)
{
    constexpr std::array<std::string_view, 5> kTexts = {
        "When does the clinic open on Saturdays?",
        "Write a short note to a client whose cat was seen today.",
        "Die Katze schläft. Le chat dort. 猫が寝ています。",
        "for (int i = 0; i < 10; ++i) { total += prices[i] * 1.19; }",
        "One, two, three, four, five, six, seven, eight, nine, ten",
    };
    std::vector<std::vector<TokenId>> prompts;
    for (const auto text : kTexts) {
        auto encoding = tokenizer.encode(text);
        if (!encoding)
            continue;
        auto ids = std::move(encoding->ids);
        std::erase_if(ids, [&](TokenId id) { return id < 0 || id >= config.vocabulary; });
        ids.resize(std::min(ids.size(), static_cast<std::size_t>(std::max<std::int64_t>(1, config.context))));
        if (!ids.empty())
            prompts.push_back(std::move(ids));
    }
    return prompts;
}

void nameCause(SelfTest &test)
{
    const auto failed = std::ranges::find(test.checks, false, &Check::hasPassed);
    test.hasPassed = failed == test.checks.end();
    if (!test.hasPassed)
        test.cause = fmt::format("{}: {}", failed->what, failed->result);
}

} // namespace fettle::exporting
