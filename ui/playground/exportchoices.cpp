#include "ui/playground/exportchoices.h"

#include <QCoreApplication>
#include <QFileInfo>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace fettle::ui {

namespace {

struct ExportWords {
    Q_DECLARE_TR_FUNCTIONS(ExportChoices)
};

std::vector<ExportType> ggufTypes()
{
    return {{"q8_0", ExportWords::tr("8 bits (Q8_0): nearly the same answers")},
            {"q6_k", ExportWords::tr("6 bits (Q6_K)")},
            {"q5_1", ExportWords::tr("5 bits (Q5_1)")},
            {"q5_0", ExportWords::tr("5 bits (Q5_0)")},
            {"q4_k_m", ExportWords::tr("4 bits, mixed (Q4_K_M): small, usually good")},
            {"q4_1", ExportWords::tr("4 bits (Q4_1)")},
            {"q4_0", ExportWords::tr("4 bits (Q4_0): smallest")},
            {"f16", ExportWords::tr("16 bits (F16): the same answers")},
            {"bf16", ExportWords::tr("16 bits (BF16)")},
            {"f32", ExportWords::tr("32 bits (F32): exact, largest")}};
}

bool isMergeable(const std::string &method)
{
    return method != "prefix" && method != "prompt" && method != "bottleneck";
}

bool needsWeights(const std::string &target)
{
    return target == "merged" || target == "gguf" || target == "ollama" || target == "lmstudio";
}

} // namespace

std::vector<ExportTarget> exportTargets()
{
    return {
        {"gguf", ExportWords::tr("One file (GGUF)"), QStringLiteral("file"), ExportWords::tr("The whole model in one file, what was learnt folded in."),
         ExportWords::tr("llama.cpp, Jan, GPT4All, KoboldCpp and every other program that opens .gguf files, on any computer."), ggufTypes(), false},
        {"ollama", ExportWords::tr("Ollama"), QStringLiteral("package-check"), ExportWords::tr("A folder with the whole model and a Modelfile: chat template, stop words, system prompt."),
         ExportWords::tr("Ollama, and all programs that talk to it (Open WebUI, Continue, editors)."), ggufTypes(), true},
        {"lmstudio", ExportWords::tr("LM Studio"), QStringLiteral("monitor"), ExportWords::tr("The whole model, placed as LM Studio looks for it."),
         ExportWords::tr("LM Studio: choose its folder of models (usually .lmstudio/models in your home folder)."), ggufTypes(), false},
        {"peft", ExportWords::tr("Adapter (PEFT)"), QStringLiteral("layers"), ExportWords::tr("Only what was learnt, as a small folder beside the untouched base model."),
         ExportWords::tr("Python with Transformers and PEFT, vLLM, text-generation-webui. The base model is needed there too."), {}, false},
        {"adapterhub", ExportWords::tr("Adapter (AdapterHub)"), QStringLiteral("layers"), ExportWords::tr("Only what was learnt, in the form of the adapters library."),
         ExportWords::tr("Python with the adapters library. The base model is needed there too."), {}, false},
        {"gguf-lora", ExportWords::tr("Adapter for llama.cpp"), QStringLiteral("layers"), ExportWords::tr("Only what was learnt, as one small GGUF file."),
         ExportWords::tr("llama.cpp (--lora) together with a GGUF file of the same base model. Newer Ollama versions refuse such adapters."), {}, false},
        {"merged", ExportWords::tr("Model folder (Hugging Face)"), QStringLiteral("box"), ExportWords::tr("A complete model folder with tokenizer, chat template and a model card."),
         ExportWords::tr("Transformers, vLLM, TGI, MLX; the form that model hubs want."),
         {{"bf16", ExportWords::tr("16 bits (BF16): half the size")}, {"f16", ExportWords::tr("16 bits (F16)")}, {"f32", ExportWords::tr("32 bits (F32): exact")}}, false},
        {"bundle", ExportWords::tr("Hand-over bundle"), QStringLiteral("share"), ExportWords::tr("The rows, the settings and ready configurations, to train the same elsewhere."),
         ExportWords::tr("TRL with accelerate, Axolotl and LLaMA-Factory on larger machines; with the losses that prove that the data are read alike."), {}, false},
    };
}

TrainedResult trainedResult(const engine::RunInfo &run)
{
    TrainedResult result{run.method, false, false};
    const auto recipe = nlohmann::json::parse(run.recipeJson, nullptr, false);
    // Settings lie flat or below "settings", as the version of the recipe has it.
    for (const auto *object : {&recipe, recipe.is_object() && recipe.contains("settings") ? &recipe["settings"] : nullptr}) {
        if (object == nullptr || !object->is_object())
            continue;
        result.isDora |= object->contains("dora") && (*object)["dora"] == true;
        result.isPissa |= object->contains("init") && (*object)["init"] == "pissa";
    }
    return result;
}

QString whyNotExported(const TrainedResult &result, const std::string &target)
{
    const std::string &method = result.method;
    if (needsWeights(target) && !isMergeable(method))
        return method == "bottleneck" ? ExportWords::tr("This method puts small networks between the layers; they cannot be folded into the weights.")
                                      : ExportWords::tr("This method puts trained places in front of every text; they cannot be folded into the weights.");
    const bool isFull = method == "full";
    if (target == "peft" && (isFull || method == "bottleneck"))
        return isFull ? ExportWords::tr("The weights themselves were trained: there is no adapter.") : ExportWords::tr("PEFT has no bottleneck adapters; take AdapterHub.");
    if (target == "adapterhub" && method != "bottleneck" && !method.empty())
        return ExportWords::tr("Only bottleneck adapters have this form.");
    if (target == "gguf-lora") {
        if (!method.empty() && method != "lora")
            return isFull ? ExportWords::tr("The weights themselves were trained: there is no adapter.") : ExportWords::tr("llama.cpp knows LoRA adapters only.");
        if (result.isDora)
            return ExportWords::tr("llama.cpp does not know DoRA; take the whole model as one file.");
        if (result.isPissa)
            return ExportWords::tr("PiSSA changes the base model too; take the whole model as one file.");
    }
    return {};
}

QString nextSteps(const engine::ExportRequest &request, const engine::ExportResult &result)
{
    const QString folder = QString::fromStdString(request.folder.string()), name = QString::fromStdString(request.name);
    const auto file = [&] {
        for (const auto &each : result.files)
            if (each.ends_with(".gguf"))
                return QString::fromStdString(each);
        return QString();
    };
    if (request.target == "ollama")
        return QStringLiteral("cd \"%1\"\nollama create %2 -f Modelfile\nollama run %2").arg(folder, name);
    if (request.target == "gguf")
        return QStringLiteral("llama-cli -m \"%1\" -cnv").arg(folder.endsWith(QLatin1String(".gguf")) ? folder : folder + QLatin1Char('/') + file());
    if (request.target == "gguf-lora")
        return QStringLiteral("llama-cli -m base.gguf --lora \"%1\"").arg(folder.endsWith(QLatin1String(".gguf")) ? folder : folder + QLatin1Char('/') + file());
    if (request.target == "peft")
        return QStringLiteral("from peft import AutoPeftModelForCausalLM\nmodel = AutoPeftModelForCausalLM.from_pretrained(\"%1\")").arg(folder);
    if (request.target == "adapterhub") {
        const bool hasInterface = std::ranges::find(result.files, "adapter_interface.json") != result.files.end();
        return QStringLiteral("import adapters, transformers\nmodel = transformers.AutoModelForCausalLM.from_pretrained(\"folder of the base model\")\nadapters.init(model%1)\n"
                              "model.set_active_adapters(model.load_adapter(\"%2\", use_safetensors=True))")
            .arg(hasInterface ? QStringLiteral(", interface=adapters.AdapterModelInterface._load(\"%1\")").arg(folder) : QString(), folder);
    }
    if (request.target == "merged")
        return QStringLiteral("from transformers import AutoModelForCausalLM\nmodel = AutoModelForCausalLM.from_pretrained(\"%1\")").arg(folder);
    if (request.target == "bundle")
        return QStringLiteral("cd \"%1\"\naccelerate launch train_trl.py").arg(folder);
    return {};
}

} // namespace fettle::ui
