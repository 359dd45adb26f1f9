#include "core/engine/bundleconfigs.h"

#include "core/base/words.h"
#include "core/train/mixshares.h"
#include "core/train/schedule.h"

#include <cmath>
#include <fmt/format.h>

namespace fettle::engine {

namespace {

using Json = nlohmann::ordered_json;

struct Facts {
    const train::Recipe &recipe;
    std::string base;
    bool isLora = false, hasHeldOut = false;
    std::string targets{}; // Python list, "all-linear", or a regular expression
    Json ranks = Json::object(), alphas = Json::object(), layers = Json::array(); // what differs by matrix or layer; empty: nothing
    std::int64_t rows = 0, accumulation = 0, maxSteps = 0, warmup = 0;
    std::string schedule{};
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

Json listOf(const std::string &names)
{
    Json list = Json::array();
    for (std::size_t begin = 0; begin <= names.size();) {
        const auto end = std::min(names.find(',', begin), names.size());
        list.push_back(names.substr(begin, end - begin));
        begin = end + 1;
    }
    return list;
}

Facts factsOf(const train::Recipe &recipe, const std::string &base, HeldOutRows heldOut, std::int64_t steps)
{
    Facts facts{recipe, base};
    facts.isLora = recipe.method == "lora";
    facts.hasHeldOut = heldOut == HeldOutRows::Some;
    facts.rows = recipe.integer("rowsPerStep");
    facts.accumulation = recipe.integer("gradientAccumulation");
    facts.maxSteps = recipe.integer("maxSteps");
    facts.warmup = train::warmupStepsOf(recipe.real("warmup"), steps); // a key for shares exists in some versions only
    facts.schedule = recipe.text("schedule") == "constant" ? "constant_with_warmup" : recipe.text("schedule");
    if (!facts.isLora)
        return facts;
    const std::string targets = recipe.text("targets"), expression = recipe.text("targetExpression");
    if (!expression.empty() && expression != "none")
        facts.targets = quoted(expression);
    else if (targets == "all")
        facts.targets = "\"all-linear\"";
    else
        facts.targets = targets == "mlp" ? R"(["gate_proj", "up_proj", "down_proj"])" : targets == "attention" ? R"(["q_proj", "k_proj", "v_proj", "o_proj"])" : listOf(targets).dump();
    if (const auto ranks = train::parsePairs(recipe.text("rankPattern")))
        for (const auto &[name, rank] : *ranks)
            facts.ranks[name] = static_cast<std::int64_t>(rank);
    if (const auto alphas = train::parsePairs(recipe.text("alphaPattern")))
        for (const auto &[name, alpha] : *alphas)
            facts.alphas[name] = alpha;
    if (const auto layers = train::parseLayers(recipe.text("layers")))
        facts.layers = *layers;
    return facts;
}

// Settings of the recipe that differ from their default and that a trainer has no key for.
std::vector<std::string> leftBehind(const Facts &facts, std::vector<std::string> keys)
{
    std::erase_if(keys, [&](const std::string &key) {
        const train::SettingField *field = train::findSetting(key);
        const auto found = facts.recipe.values.find(key);
        return !train::isSettingOf(*field, facts.recipe.method) || found == facts.recipe.values.end() || found->second == field->standard;
    });
    return keys;
}

std::string peftCall(const Facts &facts)
{
    const train::Recipe &recipe = facts.recipe;
    std::string text = fmt::format("lora = LoraConfig(\n    task_type=\"CAUSAL_LM\", r={}, lora_alpha={}, lora_dropout={}, use_rslora={}, use_dora={},\n    target_modules={},\n", recipe.integer("rank"),
                                   real(recipe.real("alpha")), real(recipe.real("dropout")), recipe.boolean("rslora") ? "True" : "False", recipe.boolean("dora") ? "True" : "False", facts.targets);
    if (recipe.text("init") != "default")
        text += fmt::format("    init_lora_weights={},\n", quoted(recipe.text("init")));
    if (!facts.layers.empty())
        text += fmt::format("    layers_to_transform={},\n", facts.layers.dump());
    if (!facts.ranks.empty())
        text += fmt::format("    rank_pattern={},\n", facts.ranks.dump());
    if (!facts.alphas.empty())
        text += fmt::format("    alpha_pattern={},\n", facts.alphas.dump());
    return text + ")\n";
}

std::string trlScript(const Facts &facts)
{
    const train::Recipe &recipe = facts.recipe;
    const std::string trainOn = recipe.text("trainOn");
    std::string text = R"(# accelerate launch train_trl.py        (pip install "transformers>=5.2" trl peft accelerate datasets)
# The rows lie in the order in which Fettle read them in its first epoch. At the end the script prints both runs' losses side by side: those of the
# held-out rows before the first step and of the first step are equal to three digits where the rows are read in the same way.
import json
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer
)";
    text += facts.isLora ? "from peft import LoraConfig\n\n" : "\n";
    text += trainOn == "completion" ? "\ndef split(row):  # only the last answer is learnt\n    return {\"prompt\": row[\"messages\"][:-1], \"completion\": row[\"messages\"][-1:]}\n\n" : "\n";
    text += fmt::format("files = {{\"train\": \"data/train.jsonl\"{}}}\ndata = load_dataset(\"json\", data_files=files)\n", facts.hasHeldOut ? ", \"heldout\": \"data/heldout.jsonl\"" : "");
    if (trainOn == "completion")
        text += "data = data.map(split, remove_columns=[\"messages\"])\n";
    text += fmt::format(R"(
config = SFTConfig(
    output_dir="out",
    num_train_epochs={}, max_steps={},
    per_device_train_batch_size={}, gradient_accumulation_steps={}, train_sampling_strategy="sequential",
    learning_rate={}, lr_scheduler_type={}, warmup_steps={},
    weight_decay={}, adam_beta1={}, adam_beta2={}, adam_epsilon={}, max_grad_norm={},
    max_length={}, packing=False, seed={}, bf16=False,
    logging_steps=1, report_to=[], model_init_kwargs={{"dtype": "float32"}},
)",
                        real(recipe.real("epochs")), facts.maxSteps > 0 ? facts.maxSteps : -1, facts.rows, facts.accumulation, real(recipe.real("learningRate")), quoted(facts.schedule), facts.warmup,
                        real(recipe.real("weightDecay")), real(recipe.real("beta1")), real(recipe.real("beta2")), real(recipe.real("epsilon")), real(recipe.real("clipNorm")),
                        recipe.integer("maxLength"), recipe.integer("seed"));
    if (trainOn == "assistant")
        text += "    assistant_only_loss=True,\n";
    if (facts.hasHeldOut)
        text += "    eval_strategy=\"epoch\", eval_on_start=True, per_device_eval_batch_size=1,\n";
    text += ")\n";
    if (facts.isLora)
        text += peftCall(facts);
    text += fmt::format("trainer = SFTTrainer(model={}, args=config, train_dataset=data[\"train\"]{}{})\ntrainer.train()\ntrainer.save_model(\"out\")\n", quoted(facts.base),
                        facts.hasHeldOut ? ", eval_dataset=data[\"heldout\"]" : "", facts.isLora ? ", peft_config=lora" : "");
    return text + R"(
expected = json.load(open("expected.json"))
log = trainer.state.log_history
held = [entry["eval_loss"] for entry in log if "eval_loss" in entry]
if held and "heldOutBeforeTrainingMeanOfRows" in expected:
    print(f"held out before training: {held[0]:.4f} here, {expected['heldOutBeforeTrainingMeanOfRows']:.4f} in Fettle")
for step, loss in zip(expected["firstSteps"], [entry["loss"] for entry in log if "loss" in entry]):
    print(f"step {step['step']}: loss {loss:.4f} here, {step['loss']:.4f} in Fettle")
)";
}

std::string axolotl(const Facts &facts)
{
    const train::Recipe &recipe = facts.recipe;
    std::string text = fmt::format("# axolotl train axolotl.yaml\nbase_model: {}\n", quoted(facts.base));
    if (facts.isLora) {
        text += fmt::format("adapter: lora\nlora_r: {}\nlora_alpha: {}\nlora_dropout: {}\npeft_use_rslora: {}\npeft_use_dora: {}\n", recipe.integer("rank"), real(recipe.real("alpha")), real(recipe.real("dropout")),
                            recipe.boolean("rslora"), recipe.boolean("dora"));
        text += facts.targets == "\"all-linear\"" ? std::string("lora_target_linear: true\n") : fmt::format("lora_target_modules: {}\n", facts.targets);
        if (recipe.text("init") != "default")
            text += fmt::format("peft_init_lora_weights: {}\n", recipe.text("init"));
        if (!facts.layers.empty())
            text += fmt::format("peft_layers_to_transform: {}\n", facts.layers.dump());
        if (recipe.real("loraPlusRatio") != 1)
            text += fmt::format("loraplus_lr_ratio: {}\n", real(recipe.real("loraPlusRatio")));
    }
    const auto rows = [](const char *key, const char *file) {
        return fmt::format("{}:\n  - path: data/{}.jsonl\n    ds_type: json\n    split: train\n    type: chat_template\n    field_messages: messages\n    roles_to_train: [\"assistant\"]\n    train_on_eos: turn\n", key, file);
    };
    text += rows("datasets", "train");
    if (facts.hasHeldOut)
        text += rows("test_datasets", "heldout") + "eval_strategy: epoch\neval_batch_size: 1\n";
    if (recipe.text("trainOn") == "all")
        text += "train_on_inputs: true\n";
    text += fmt::format("chat_template: tokenizer_default\nsequence_len: {}\nsample_packing: false\nshuffle_merged_datasets: false\nnum_epochs: {}\n", recipe.integer("maxLength"), real(recipe.real("epochs")));
    if (facts.maxSteps > 0)
        text += fmt::format("max_steps: {}\n", facts.maxSteps);
    text += fmt::format("micro_batch_size: {}\ngradient_accumulation_steps: {}\noptimizer: adamw_torch\nlearning_rate: {}\nlr_scheduler: {}\nwarmup_steps: {}\nweight_decay: {}\nadam_beta1: {}\nadam_beta2: {}\n"
                        "adam_epsilon: {}\nmax_grad_norm: {}\nseed: {}\nbf16: auto\nlogging_steps: 1\noutput_dir: out\n",
                        facts.rows, facts.accumulation, real(recipe.real("learningRate")), facts.schedule, facts.warmup, real(recipe.real("weightDecay")), real(recipe.real("beta1")),
                        real(recipe.real("beta2")), real(recipe.real("epsilon")), real(recipe.real("clipNorm")), recipe.integer("seed"));
    return text;
}

std::string llamaFactory(const Facts &facts)
{
    const train::Recipe &recipe = facts.recipe;
    std::string text = fmt::format("# llamafactory-cli train llamafactory.yaml\nmodel_name_or_path: {}\nstage: sft\ndo_train: true\nfinetuning_type: {}\n", quoted(facts.base), facts.isLora ? "lora" : "full");
    if (facts.isLora) {
        const Json targets = Json::parse(facts.targets);
        std::string list = targets.is_string() ? "all" : ""; // no expressions there
        for (const auto &target : targets.is_array() ? targets : Json::array())
            list += (list.empty() ? "" : ",") + target.get<std::string>();
        text += fmt::format("lora_rank: {}\nlora_alpha: {}\nlora_dropout: {}\nlora_target: {}\nuse_rslora: {}\nuse_dora: {}\n", recipe.integer("rank"), static_cast<std::int64_t>(std::llround(recipe.real("alpha"))),
                            real(recipe.real("dropout")), list, recipe.boolean("rslora"), recipe.boolean("dora"));
        if (recipe.text("init") == "pissa")
            text += "pissa_init: true\n";
        if (recipe.real("loraPlusRatio") != 1)
            text += fmt::format("loraplus_lr_ratio: {}\n", real(recipe.real("loraPlusRatio")));
    }
    const std::string trainOn = recipe.text("trainOn");
    text += fmt::format("dataset_dir: data\ndataset: fettle_train\n{}{}cutoff_len: {}\ndisable_shuffling: true\nnum_train_epochs: {}\nper_device_train_batch_size: {}\ngradient_accumulation_steps: {}\n"
                        "learning_rate: {}\nlr_scheduler_type: {}\nwarmup_steps: {}\nweight_decay: {}\nadam_beta1: {}\nadam_beta2: {}\nadam_epsilon: {}\nmax_grad_norm: {}\nseed: {}\nlogging_steps: 1\nreport_to: none\noutput_dir: out\n",
                        facts.hasHeldOut ? "eval_dataset: fettle_heldout\neval_strategy: epoch\nper_device_eval_batch_size: 1\n" : "",
                        trainOn == "completion" ? "mask_history: true\n" : trainOn == "all" ? "train_on_prompt: true\n" : "", recipe.integer("maxLength"), real(recipe.real("epochs")), facts.rows, facts.accumulation,
                        real(recipe.real("learningRate")), facts.schedule, facts.warmup, real(recipe.real("weightDecay")), real(recipe.real("beta1")), real(recipe.real("beta2")),
                        real(recipe.real("epsilon")), real(recipe.real("clipNorm")), recipe.integer("seed"));
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

std::vector<std::pair<std::string, std::string>> bundleConfigs(const train::Recipe &recipe, const std::string &base, const std::string &runName, const Json &expected, HeldOutRows heldOut, std::int64_t steps)
{
    const Facts facts = factsOf(recipe, base, heldOut, steps);
    std::string readme = tr("# {}: hand-over bundle\n\n`data/` holds the rows that were learnt and those held out, `recipe.json` the settings, `expected.json` what a run of Fettle measured.\n\n", runName);
    if (recipe.method != "lora" && recipe.method != "full")
        return {{"README.md", readme + tr("The method `{}` has no counterpart in TRL, Axolotl or LLaMA-Factory; repeat it with Fettle: `fettle train --recipe recipe.json`.\n", recipe.method)}};
    readme += tr("- TRL with accelerate: `accelerate launch train_trl.py`\n- Axolotl: `axolotl train axolotl.yaml`\n- LLaMA-Factory: `llamafactory-cli train llamafactory.yaml`\n\n");
    if (expected.contains("heldOutBeforeTraining"))
        readme += tr("Before the first step the held-out loss must be {:.4f} (mean over trained tokens; {:.4f} as mean over the rows, which TRL prints). If it is not, the other trainer reads the rows "
                     "in another way: another chat template, another end of the answer, or it learns the questions too.\n\n",
                     expected["heldOutBeforeTraining"].get<double>(), expected["heldOutBeforeTrainingMeanOfRows"].get<double>());
    readme += tr("The rows lie in the order in which the first epoch read them, so that the losses of the first step can be compared too. The adapter's own numbers begin at random: from the second step on the "
                 "losses are alike, not equal. Axolotl and LLaMA-Factory end an answer at its end mark, Fettle and TRL behind all that the chat template writes there.\n");
    if (train::isMixed(recipe.text("mix")))
        readme += tr("The mix `{}` is in `data/train.jsonl`: a row stands there as often as the first epoch read it. Fettle draws the rows of a set with a fraction in its weight anew for each epoch; "
                     "the others read the same rows in every epoch.\n", recipe.text("mix"));
    if (recipe.text("trainOn") == "completion")
        readme += tr("Axolotl learns every answer of a conversation, the others only the last.\n");
    const std::vector<std::string> whole = facts.isLora ? std::vector<std::string>() : std::vector<std::string>{"parts", "layers"};
    const auto say = [&](const char *trainer, std::vector<std::string> keys) {
        keys.insert(keys.end(), whole.begin(), whole.end());
        if (const auto left = leftBehind(facts, keys); !left.empty())
            readme += tr("{} has no setting for: {}.\n", trainer, fmt::format("{}", fmt::join(left, ", ")));
    };
    say("TRL", {"loraPlusRatio"});
    say("Axolotl", {"rankPattern", "alphaPattern"});
    say("LLaMA-Factory", {"rankPattern", "alphaPattern", "targetExpression", "layers"});
    return {{"README.md", readme}, {"train_trl.py", trlScript(facts)}, {"axolotl.yaml", axolotl(facts)}, {"llamafactory.yaml", llamaFactory(facts)}, {"data/dataset_info.json", datasetInfo()}};
}

} // namespace fettle::engine
