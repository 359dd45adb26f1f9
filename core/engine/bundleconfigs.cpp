#include "core/engine/bundleconfigs.h"

#include "core/base/words.h"

#include <fmt/format.h>

namespace fettle::engine {

namespace {

using Json = nlohmann::ordered_json;

struct Facts {
    const train::Recipe &recipe;
    std::string base;
    bool isLora = false;
    std::string targets{}; // Python list or "all-linear"
    std::int64_t rows = 0, accumulation = 0, maxSteps = 0;
    double warmup = 0;
};

// With a point: YAML 1.1 reads 1e-05 as a text, Python 1.0e-05 as a number too.
std::string real(double value)
{
    std::string text = fmt::format("{}", value);
    if (const auto e = text.find('e'); e != std::string::npos && text.find('.') == std::string::npos)
        text.insert(e, ".0");
    return text;
}

std::string quoted(const std::string &text) { return Json(text).dump(); }

Facts factsOf(const train::Recipe &recipe, const std::string &base)
{
    Facts facts{recipe, base};
    facts.isLora = recipe.method == "lora";
    facts.rows = recipe.integer("rowsPerStep");
    facts.accumulation = recipe.integer("gradientAccumulation");
    facts.maxSteps = recipe.integer("maxSteps");
    facts.warmup = recipe.real("warmup");
    const std::string targets = facts.isLora ? recipe.text("targets") : std::string();
    if (targets == "all")
        facts.targets = "\"all-linear\"";
    else if (targets == "attention" || targets == "mlp")
        facts.targets = targets == "mlp" ? R"(["gate_proj", "up_proj", "down_proj"])" : R"(["q_proj", "k_proj", "v_proj", "o_proj"])";
    else if (!targets.empty()) {
        Json list = Json::array();
        for (std::size_t begin = 0; begin <= targets.size();) {
            const auto end = std::min(targets.find(',', begin), targets.size());
            list.push_back(targets.substr(begin, end - begin));
            begin = end + 1;
        }
        facts.targets = list.dump();
    }
    return facts;
}

// Below 1 a share of the run, from 1 on a number of steps: each trainer has two keys for it.
std::string warmupLine(const Facts &facts, const char *format)
{
    return facts.warmup < 1 ? fmt::format(fmt::runtime(format), "warmup_ratio", real(facts.warmup)) : fmt::format(fmt::runtime(format), "warmup_steps", static_cast<std::int64_t>(facts.warmup));
}

std::string trlScript(const Facts &facts)
{
    const train::Recipe &recipe = facts.recipe;
    std::string text = R"(# accelerate launch train_trl.py        (pip install trl peft accelerate)
# Held-out loss before the first step must be that of expected.json; if it is not, the data are read in another way.
import json
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer
)";
    text += facts.isLora ? "from peft import LoraConfig\n\n" : "\n";
    const bool isCompletion = recipe.text("trainOn") == "completion";
    text += isCompletion ? "\ndef split(row):  # only the last answer is learnt\n    return {\"prompt\": row[\"messages\"][:-1], \"completion\": row[\"messages\"][-1:]}\n\n" : "\n";
    text += "files = {\"train\": \"data/train.jsonl\", \"heldout\": \"data/heldout.jsonl\"}\ndata = load_dataset(\"json\", data_files=files)\n";
    if (isCompletion)
        text += "data = data.map(split, remove_columns=[\"messages\"])\n";
    text += fmt::format(R"(
config = SFTConfig(
    output_dir="out",
    num_train_epochs={}, max_steps={},
    per_device_train_batch_size={}, gradient_accumulation_steps={},
    learning_rate={}, lr_scheduler_type={}, {},
    weight_decay={}, adam_beta1={}, adam_beta2={}, adam_epsilon={}, max_grad_norm={},
    max_length={}, packing=False, seed={}, data_seed={},
    eval_strategy="epoch", eval_on_start=True, per_device_eval_batch_size=1,
    logging_steps=1, report_to=[], model_init_kwargs={{"dtype": "float32"}},
)
)",
                        real(recipe.real("epochs")), facts.maxSteps > 0 ? facts.maxSteps : -1, facts.rows, facts.accumulation, real(recipe.real("learningRate")), quoted(recipe.text("schedule")),
                        warmupLine(facts, "{}={}"), real(recipe.real("weightDecay")), real(recipe.real("beta1")), real(recipe.real("beta2")), real(recipe.real("epsilon")),
                        real(recipe.real("clipNorm")), recipe.integer("maxLength"), recipe.integer("seed"), recipe.integer("seed"));
    if (facts.isLora)
        text += fmt::format("lora = LoraConfig(task_type=\"CAUSAL_LM\", r={}, lora_alpha={}, lora_dropout={}, target_modules={}, use_rslora={}, use_dora={})\n", recipe.integer("rank"),
                            real(recipe.real("alpha")), real(recipe.real("dropout")), facts.targets, recipe.boolean("rslora") ? "True" : "False", recipe.boolean("dora") ? "True" : "False");
    text += fmt::format("trainer = SFTTrainer(model={}, args=config, train_dataset=data[\"train\"], eval_dataset=data[\"heldout\"]{})\n", quoted(facts.base), facts.isLora ? ", peft_config=lora" : "");
    text += "trainer.train()\ntrainer.save_model(\"out\")\nprint(\"expected before training:\", json.load(open(\"expected.json\")).get(\"heldOutBeforeTraining\"))\n";
    return text;
}

std::string axolotl(const Facts &facts)
{
    const train::Recipe &recipe = facts.recipe;
    std::string text = fmt::format("# axolotl train axolotl.yaml\nbase_model: {}\n", quoted(facts.base));
    if (facts.isLora) {
        text += fmt::format("adapter: lora\nlora_r: {}\nlora_alpha: {}\nlora_dropout: {}\npeft_use_rslora: {}\npeft_use_dora: {}\n", recipe.integer("rank"), real(recipe.real("alpha")), real(recipe.real("dropout")),
                            recipe.boolean("rslora"), recipe.boolean("dora"));
        text += facts.targets == "\"all-linear\"" ? std::string("lora_target_linear: true\n") : fmt::format("lora_target_modules: {}\n", facts.targets);
    }
    text += R"(datasets:
  - path: data/train.jsonl
    ds_type: json
    type: chat_template
    field_messages: messages
    roles_to_train: ["assistant"]
    train_on_eos: turn
test_datasets:
  - path: data/heldout.jsonl
    ds_type: json
    split: train
    type: chat_template
    field_messages: messages
    roles_to_train: ["assistant"]
chat_template: tokenizer_default
)";
    text += fmt::format("sequence_len: {}\nsample_packing: false\nnum_epochs: {}\n", recipe.integer("maxLength"), real(recipe.real("epochs")));
    if (facts.maxSteps > 0)
        text += fmt::format("max_steps: {}\n", facts.maxSteps);
    text += fmt::format("micro_batch_size: {}\ngradient_accumulation_steps: {}\noptimizer: adamw_torch\nlearning_rate: {}\nlr_scheduler: {}\n{}weight_decay: {}\nadam_beta1: {}\nadam_beta2: {}\n"
                        "adam_epsilon: {}\nmax_grad_norm: {}\nseed: {}\nbf16: auto\nlogging_steps: 1\noutput_dir: out\n",
                        facts.rows, facts.accumulation, real(recipe.real("learningRate")), recipe.text("schedule"), warmupLine(facts, "{}: {}\n"), real(recipe.real("weightDecay")), real(recipe.real("beta1")),
                        real(recipe.real("beta2")), real(recipe.real("epsilon")), real(recipe.real("clipNorm")), recipe.integer("seed"));
    return text;
}

std::string llamaFactory(const Facts &facts)
{
    const train::Recipe &recipe = facts.recipe;
    std::string text = fmt::format("# llamafactory-cli train llamafactory.yaml\nmodel_name_or_path: {}\nstage: sft\ndo_train: true\nfinetuning_type: {}\n", quoted(facts.base), facts.isLora ? "lora" : "full");
    if (facts.isLora) {
        std::string list = "all";
        if (facts.targets != "\"all-linear\"") {
            list.clear();
            for (const auto &target : Json::parse(facts.targets))
                list += (list.empty() ? "" : ",") + target.get<std::string>();
        }
        text += fmt::format("lora_rank: {}\nlora_alpha: {}\nlora_dropout: {}\nlora_target: {}\nuse_rslora: {}\nuse_dora: {}\n", recipe.integer("rank"), real(recipe.real("alpha")), real(recipe.real("dropout")), list,
                            recipe.boolean("rslora"), recipe.boolean("dora"));
    }
    text += fmt::format("dataset_dir: data\ndataset: fettle_train\neval_dataset: fettle_heldout\ncutoff_len: {}\nnum_train_epochs: {}\nper_device_train_batch_size: {}\ngradient_accumulation_steps: {}\n"
                        "learning_rate: {}\nlr_scheduler_type: {}\n{}weight_decay: {}\nmax_grad_norm: {}\nseed: {}\nlogging_steps: 1\noutput_dir: out\n",
                        recipe.integer("maxLength"), real(recipe.real("epochs")), facts.rows, facts.accumulation, real(recipe.real("learningRate")), recipe.text("schedule"), warmupLine(facts, "{}: {}\n"),
                        real(recipe.real("weightDecay")), real(recipe.real("clipNorm")), recipe.integer("seed"));
    if (facts.maxSteps > 0)
        text += fmt::format("max_steps: {}\n", facts.maxSteps);
    return text;
}

std::string datasetInfo()
{
    Json info = Json::object();
    for (const char *name : {"train", "heldout"})
        info[std::string("fettle_") + name] = {{"file_name", std::string(name) + ".jsonl"},
                                               {"formatting", "sharegpt"},
                                               {"columns", {{"messages", "messages"}}},
                                               {"tags", {{"role_tag", "role"}, {"content_tag", "content"}, {"user_tag", "user"}, {"assistant_tag", "assistant"}, {"system_tag", "system"}}}};
    return info.dump(2) + "\n";
}

} // namespace

std::vector<std::pair<std::string, std::string>> bundleConfigs(const train::Recipe &recipe, const std::string &base, const std::string &runName, const Json &expected)
{
    const Facts facts = factsOf(recipe, base);
    std::string readme = tr("# {}: hand-over bundle\n\n`data/` holds the rows that were learnt and those held out, `recipe.json` the settings, `expected.json` what a run of Fettle measured.\n\n", runName);
    if (recipe.method != "lora" && recipe.method != "full")
        return {{"README.md", readme + tr("The method `{}` has no counterpart in TRL, Axolotl or LLaMA-Factory; repeat it with Fettle: `fettle train --recipe recipe.json`.\n", recipe.method)}};
    readme += tr("- TRL with accelerate: `accelerate launch train_trl.py`\n- Axolotl: `axolotl train axolotl.yaml`\n- LLaMA-Factory: `llamafactory-cli train llamafactory.yaml`\n\n");
    if (expected.contains("heldOutBeforeTraining"))
        readme += tr("Before the first step the held-out loss must be {:.4f} (mean over trained tokens). If it is not, the other trainer reads the rows in another way: "
                     "another chat template, another end of the answer, or it learns the questions too.\n",
                     expected["heldOutBeforeTraining"].get<double>());
    return {{"README.md", readme}, {"train_trl.py", trlScript(facts)}, {"axolotl.yaml", axolotl(facts)}, {"llamafactory.yaml", llamaFactory(facts)}, {"data/dataset_info.json", datasetInfo()}};
}

} // namespace fettle::engine
