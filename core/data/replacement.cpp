#include "core/data/replacement.h"

#include "core/base/words.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace fettle::data {

namespace {

constexpr std::size_t kLargest = 64u << 20;
constexpr std::uint32_t kMatchLimit = 1'000'000; // steps of one match: some milliseconds

std::string messageOf(int code)
{
    PCRE2_UCHAR buffer[200];
    pcre2_get_error_message(code, buffer, sizeof buffer);
    return reinterpret_cast<const char *>(buffer);
}

} // namespace

struct Replacer::Code {
    pcre2_code *code = nullptr;
    pcre2_match_context *limits = nullptr;
    ~Code()
    {
        pcre2_code_free(code);
        pcre2_match_context_free(limits);
    }
};

Result<Replacer> Replacer::compile(const Replacement &replacement)
{
    if (replacement.find.empty())
        return fail(ErrorCode::BadInput, tr("There is nothing to look for."), tr("Type the text that is to be replaced."));
    std::uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | (replacement.isCaseSensitive ? 0 : PCRE2_CASELESS);
    options |= replacement.isRegex ? PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C : PCRE2_LITERAL;
    const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
    if (replacement.isWholeWords)
        pcre2_set_compile_extra_options(context.get(), PCRE2_EXTRA_MATCH_WORD);
    int error = 0;
    PCRE2_SIZE offset = 0;
    auto code = std::make_shared<Code>();
    code->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(replacement.find.data()), replacement.find.size(), options, &error, &offset, context.get());
    if (code->code == nullptr)
        return fail(ErrorCode::BadInput, tr("Cannot read the regular expression: {}, at character {}.", messageOf(error), offset + 1),
                    tr("Correct it, or switch regular expressions off to look for the text itself."));
    code->limits = pcre2_match_context_create(nullptr);
    pcre2_set_match_limit(code->limits, kMatchLimit);
    pcre2_jit_compile(code->code, PCRE2_JIT_COMPLETE); // without the JIT the same matches come more slowly
    Replacer replacer;
    replacer.m_code = std::move(code);
    replacer.m_with = replacement.with;
    replacer.m_options = PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH | PCRE2_NO_UTF_CHECK
        | (replacement.isRegex ? PCRE2_SUBSTITUTE_EXTENDED | PCRE2_SUBSTITUTE_UNSET_EMPTY : PCRE2_SUBSTITUTE_LITERAL);
    return replacer;
}

Result<std::string> Replacer::apply(std::string_view text) const
{
    std::string result(text.size() + text.size() / 4 + 64, '\0');
    for (;;) {
        PCRE2_SIZE length = result.size();
        const int count = pcre2_substitute(m_code->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, m_options, nullptr, m_code->limits,
                                           reinterpret_cast<PCRE2_SPTR>(m_with.data()), m_with.size(), reinterpret_cast<PCRE2_UCHAR *>(result.data()), &length);
        if (count >= 0) {
            result.resize(length);
            return count == 0 ? std::string(text) : std::move(result);
        }
        if (count != PCRE2_ERROR_NOMEMORY)
            return fail(ErrorCode::BadInput, tr("Cannot replace: {}.", messageOf(count)), tr("Correct the text to put in, or look for something simpler."));
        if (length > kLargest)
            return fail(ErrorCode::BadInput, tr("Cannot replace: a text would become longer than 64 MiB."), tr("Put in a shorter text."));
        result.resize(length);
    }
}

} // namespace fettle::data
