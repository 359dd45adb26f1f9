#include "core/data/spelling.h"

#include "core/base/folders.h"
#include "core/base/utf8.h"
#include "core/base/words.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#ifdef FETTLE_WITH_HUNSPELL
#include <fstream>
#include <hunspell/hunspell.hxx>
#include <mutex>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/utext.h>
#endif

namespace fettle::data {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> dictionaryFolders()
{
    std::vector<fs::path> folders;
    if (const auto named = environment("DICPATH")) {
        for (std::size_t begin = 0; begin <= named->size();) {
            const std::size_t end = std::min(named->find(':', begin), named->size());
            if (end > begin)
                folders.emplace_back(named->substr(begin, end - begin));
            begin = end + 1;
        }
    }
    for (const char *folder : {"/usr/share/hunspell", "/usr/local/share/hunspell", "/usr/share/myspell/dicts", "/usr/share/myspell"})
        folders.emplace_back(folder);
    return folders;
}

} // namespace

#ifdef FETTLE_WITH_HUNSPELL

std::vector<Dictionary> installedDictionaries()
{
    std::vector<Dictionary> dictionaries;
    std::set<std::string> met;      // the first folder wins
    std::set<fs::path> files;       // en_GB that is a link to en_US is one dictionary
    for (const fs::path &folder : dictionaryFolders()) {
        std::error_code problem;
        for (const auto &entry : fs::directory_iterator(folder, problem)) {
            const fs::path &words = entry.path();
            std::error_code missing;
            if (words.extension() != ".dic" || words.stem().string().starts_with("hyph_") || !fs::exists(fs::path(words).replace_extension(".aff"), missing))
                continue;
            const fs::path real = fs::weakly_canonical(words, missing);
            if (met.insert(words.stem().string()).second && files.insert(real).second)
                dictionaries.push_back({words.stem().string(), words});
        }
    }
    std::ranges::sort(dictionaries, {}, &Dictionary::language);
    return dictionaries;
}

namespace {

struct CloseConverter { void operator()(UConverter *converter) const { ucnv_close(converter); } };
struct CloseBreaks { void operator()(UBreakIterator *breaks) const { ubrk_close(breaks); } };
struct CloseText { void operator()(UText *text) const { utext_close(text); } };

struct WordSpan { std::size_t begin, end; }; // bytes

// Words as Unicode parts them; apostrophes stay inside.
std::vector<WordSpan> wordsOf(const std::string &text)
{
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<UBreakIterator, CloseBreaks> breaks(ubrk_open(UBRK_WORD, "", nullptr, 0, &status));
    const std::unique_ptr<UText, CloseText> source(utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status));
    if (U_FAILURE(status))
        return {};
    ubrk_setUText(breaks.get(), source.get(), &status);
    std::vector<WordSpan> words;
    std::int32_t begin = ubrk_first(breaks.get());
    for (std::int32_t end = ubrk_next(breaks.get()); end != UBRK_DONE; begin = end, end = ubrk_next(breaks.get())) {
        const int kind = ubrk_getRuleStatus(breaks.get());
        if (kind >= UBRK_WORD_LETTER && kind < UBRK_WORD_LETTER_LIMIT)
            words.push_back({static_cast<std::size_t>(begin), static_cast<std::size_t>(end)});
    }
    return words;
}

// Part of an address, a path or a name of a program's: a letter, @, /, _ or a dot without space beside it.
bool isInAddress(const std::string &text, const WordSpan &word)
{
    const auto isGlue = [&](std::size_t place) { return place < text.size() && std::string_view("@/\\_").find(text[place]) != std::string_view::npos; };
    const bool isBeforeDot = word.end + 1 < text.size() && text[word.end] == '.' && std::isalnum(static_cast<unsigned char>(text[word.end + 1])) != 0;
    const bool isBehindDot = word.begin > 1 && text[word.begin - 1] == '.' && std::isalnum(static_cast<unsigned char>(text[word.begin - 2])) != 0;
    return isGlue(word.end) || (word.begin > 0 && isGlue(word.begin - 1)) || isBeforeDot || isBehindDot;
}

bool isPassedOver(std::string_view word)
{
    bool hasLower = false;
    std::int64_t letters = 0;
    for (std::size_t i = 0; i < word.size();) {
        const auto c = static_cast<UChar32>(nextCodePoint(word, i));
        if (u_isdigit(c) || c == '_' || c == '.')
            return true;
        hasLower = hasLower || u_islower(c) || !(u_isupper(c) || u_istitle(c));
        ++letters;
    }
    return letters < 2 || !hasLower;
}

} // namespace

struct Speller::State {
    std::string language;
    mutable std::mutex mutex; // Hunspell keeps state while it works
    std::unique_ptr<Hunspell> hunspell;
    std::unique_ptr<UConverter, CloseConverter> encoding; // none: UTF-8

    // In the dictionary's encoding; nothing where it has no such letters.
    std::optional<std::string> encoded(const std::string &word) const
    {
        if (!encoding)
            return word;
        return converted(word, "UTF-8", ucnv_getName(encoding.get(), &m_ignored));
    }
    std::string decoded(const std::string &word) const
    {
        return encoding ? converted(word, ucnv_getName(encoding.get(), &m_ignored), "UTF-8").value_or(std::string()) : word;
    }

private:
    static std::optional<std::string> converted(const std::string &word, const char *from, const char *to)
    {
        UErrorCode status = U_ZERO_ERROR;
        std::string result(word.size() * 4 + 8, '\0');
        const std::int32_t size = ucnv_convert(to, from, result.data(), static_cast<std::int32_t>(result.size()), word.data(), static_cast<std::int32_t>(word.size()), &status);
        if (U_FAILURE(status) || size < 0)
            return std::nullopt;
        result.resize(static_cast<std::size_t>(size));
        // What the encoding lacks becomes a substitute: such a word is not in the dictionary's language.
        return result.find('\x1a') == std::string::npos ? std::optional(result) : std::nullopt;
    }
    mutable UErrorCode m_ignored = U_ZERO_ERROR;
};

Speller::Speller(std::unique_ptr<State> state) : m_state(std::move(state)) { }

Speller::~Speller() = default;

Result<std::shared_ptr<const Speller>> Speller::open(const Dictionary &dictionary)
{
    const fs::path rules = fs::path(dictionary.words).replace_extension(".aff");
    for (const fs::path &file : {rules, dictionary.words}) {
        if (!std::ifstream(file))
            return fail(ErrorCode::NotFound, tr("Cannot read the dictionary {}.", file.string()), tr("Install the dictionary again, or choose another language."));
    }
    auto state = std::make_unique<State>();
    state->language = dictionary.language;
    state->hunspell = std::make_unique<Hunspell>(rules.c_str(), dictionary.words.c_str());
    const std::string encoding = state->hunspell->get_dict_encoding();
    if (encoding != "UTF-8") {
        UErrorCode status = U_ZERO_ERROR;
        state->encoding.reset(ucnv_open(encoding.c_str(), &status));
        if (U_FAILURE(status))
            return fail(ErrorCode::BadInput, tr("The dictionary {} is written in the encoding {}, which is not known.", dictionary.words.string(), encoding),
                        tr("Choose another language."));
    }
    return std::shared_ptr<const Speller>(new Speller(std::move(state)));
}

const std::string &Speller::language() const
{
    return m_state->language;
}

Speller::Check Speller::check(const std::string &text, const std::vector<std::string> &known) const
{
    Check result;
    if (!isValidUtf8(text))
        return result;
    const std::lock_guard lock(m_state->mutex);
    std::size_t place = 0;
    std::int64_t codePoint = 0;
    const auto codePointAt = [&](std::size_t byte) {
        while (place < byte) {
            static_cast<void>(nextCodePoint(text, place));
            ++codePoint;
        }
        return codePoint;
    };
    for (const WordSpan &span : wordsOf(text)) {
        std::string word = text.substr(span.begin, span.end - span.begin);
        if (isPassedOver(word) || isInAddress(text, span))
            continue;
        ++result.words;
        if (std::binary_search(known.begin(), known.end(), word))
            continue;
        for (std::size_t at = word.find("\xe2\x80\x99"); at != std::string::npos; at = word.find("\xe2\x80\x99", at)) {
            word[at] = '\''; // the curved apostrophe, which dictionaries seldom have
            word.erase(at + 1, 2);
        }
        const auto encoded = m_state->encoded(word);
        if (encoded && m_state->hunspell->spell(*encoded))
            continue;
        const std::int64_t begin = codePointAt(span.begin);
        result.unknown.push_back({begin, codePointAt(span.end)});
    }
    return result;
}

std::vector<std::string> Speller::suggestions(const std::string &word) const
{
    constexpr std::size_t kMost = 6;
    const std::lock_guard lock(m_state->mutex);
    const auto encoded = m_state->encoded(word);
    std::vector<std::string> words;
    if (!encoded || word.size() > 100)
        return words;
    for (const std::string &found : m_state->hunspell->suggest(*encoded)) {
        if (words.size() < kMost)
            words.push_back(m_state->decoded(found));
    }
    return words;
}

#else

struct Speller::State { std::string language; };
Speller::Speller(std::unique_ptr<State> state) : m_state(std::move(state)) { }
Speller::~Speller() = default;
std::vector<Dictionary> installedDictionaries()
{
    return {};
}
Result<std::shared_ptr<const Speller>> Speller::open(const Dictionary &dictionary)
{
    return fail(ErrorCode::NotFound, tr("Cannot read the dictionary {}.", dictionary.words.string()), tr("This Fettle was built without Hunspell (Debian: libhunspell-dev)."));
}
const std::string &Speller::language() const
{
    return m_state->language;
}
Speller::Check Speller::check(const std::string &, const std::vector<std::string> &) const
{
    return {};
}
std::vector<std::string> Speller::suggestions(const std::string &) const
{
    return {};
}

#endif

} // namespace fettle::data
