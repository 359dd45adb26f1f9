// See methodwords.h.
#include "ui/train/methodwords.h"

#include <QCoreApplication>

namespace fettle::ui {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("fettle::ui::MethodWords", text);
}

} // namespace

MethodWords methodWords(const std::string &method)
{
    const QString untouched = tr("new numbers"), peft = tr("as a PEFT adapter");
    if (method == "lora")
        return {tr("small matrices beside the linear maps; the base stays untouched"), tr("The usual choice: a house style or a narrow field."),
                tr("PEFT, GGUF, Ollama"), untouched, peft};
    if (method == "full")
        return {tr("the model's own weights are trained, all of them or chosen parts"), tr("Small models and much data: a new style through and through."),
                tr("Transformers, GGUF, Ollama"), tr("of the model's own numbers"), tr("as a whole model")};
    if (method == "bottleneck")
        return {tr("small networks inside each layer; the base stays untouched"), tr("Many small skills on one base model, kept apart."), tr("AdapterHub"),
                untouched, tr("as an AdapterHub adapter")};
    if (method == "prefix")
        return {tr("trained places in front of every text, in every layer; the base stays untouched"), tr("A tone or a format, with few records."),
                tr("PEFT"), untouched, peft};
    if (method == "prompt")
        return {tr("virtual words in front of every text; the base stays untouched"), tr("Large models and very small results."), tr("PEFT"), untouched, peft};
    if (method == "ia3")
        return {tr("one factor for some rows and columns; the base stays untouched"), tr("The smallest result that still learns facts."),
                tr("PEFT, GGUF, Ollama"), untouched, peft};
    return {};
}

} // namespace fettle::ui
