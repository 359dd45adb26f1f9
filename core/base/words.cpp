#include "core/base/words.h"

#include <atomic>

namespace fettle {
namespace {

std::atomic<Translator> translatorInUse = nullptr;

} // namespace

void setTranslator(Translator translator) { translatorInUse = translator; }

std::string tr(std::string_view english)
{
    const Translator translate = translatorInUse;
    return translate ? translate(english) : std::string(english);
}

std::string fillTranslation(std::string_view english, fmt::format_args values)
{
    const std::string translated = tr(english);
    if (translated != english) {
        try {
            return fmt::vformat(translated, values);
        } catch (const fmt::format_error &) {
        }
    }
    return fmt::vformat(english, values);
}

std::string countText(std::int64_t count)
{
    std::string digits = std::to_string(count);
    for (std::size_t end = digits.size(); end > (count < 0 ? 4U : 3U); digits.insert(end -= 3, 1, ','))
        ;
    return digits;
}

} // namespace fettle
