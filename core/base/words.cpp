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

} // namespace fettle
