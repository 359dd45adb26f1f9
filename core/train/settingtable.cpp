// The table of settings itself: what exists, its range, its default, and what it means in words for people who know their field, not
// machine learning. Only what works is listed. Knows nothing of how a value is parsed or used (recipe.cpp, trainer.cpp).
#include "core/train/settings.h"

namespace fettle::train {
namespace {

using Kind = SettingKind;
using Level = SettingLevel;

std::int64_t whole(std::int64_t value) { return value; }

const std::vector<SettingField> &table()
{
    static const std::vector<SettingField> fields = {
        // ---- how long and how fast
        {.key = "epochs", .label = "Epochs", .unit = "", .kind = Kind::Real, .level = Level::Basic, .standard = 3.0,
         .minimum = 0.01, .maximum = 1000,
         .help = "How many times the model reads all of your training rows.",
         .why = "More epochs let the model learn facts that occur only once or twice. Too many make it recite your rows word for word: "
                "the held-out loss then rises while the training loss still falls."},
        {.key = "learningRate", .label = "Learning rate", .unit = "", .kind = Kind::Real, .level = Level::Basic, .standard = 2e-4,
         .minimum = 1e-8, .maximum = 1.0,
         .help = "How large a correction the model makes after each step.",
         .why = "The setting that matters most. Adapters such as LoRA usually learn well between 0.0001 and 0.001. Too high and the loss "
                "jumps or becomes infinite; too low and nothing is learnt in the time you give it."},
        {.key = "rowsPerStep", .label = "Rows per step", .unit = "rows", .kind = Kind::Integer, .level = Level::Basic,
         .standard = whole(8), .minimum = 1, .maximum = 4096,
         .help = "How many rows the model reads before it corrects itself once.",
         .why = "Larger steps are steadier, smaller steps give more corrections in the same time. It does not change how much memory a "
                "run needs: rows are read in portions of the size set by tokens per micro-batch, and the result is the same."},
        {.key = "maxLength", .label = "Maximum length", .unit = "tokens", .kind = Kind::Integer, .level = Level::Basic,
         .standard = whole(1024), .minimum = 8, .maximum = 1048576,
         .help = "Rows longer than this are cut at the end.",
         .why = "A token is a piece of a word, about four letters in English. Cutting removes the end of the answer, so the model would "
                "learn to stop in the middle. Raise it until no answer is cut; longer rows need more time and memory."},
        {.key = "trainOn", .label = "Learn from", .unit = "", .kind = Kind::Choice, .level = Level::Basic,
         .standard = std::string("completion"), .choices = {"completion", "assistant", "all"},
         .choiceLabels = {"The last answer", "Every answer", "Everything"},
         .help = "Which part of a row the model learns to write.",
         .why = "Usually only the answer: the question is given and need not be learnt. In conversations of several turns every answer "
                "can be learnt. Everything also teaches the model to write questions like yours."},
        // ---- LoRA
        {.key = "rank", .label = "Rank", .unit = "", .kind = Kind::Integer, .level = Level::Basic, .standard = whole(16), .minimum = 1,
         .maximum = 1024,
         .help = "How much room the adapter has for what it learns.",
         .why = "LoRA adds two thin matrices beside each chosen matrix of the model; the rank is their inner width. 8 to 32 suits most "
                "tasks. A higher rank can hold more facts, and makes the adapter file and each step larger.",
         .method = "lora"},
        {.key = "alpha", .label = "Alpha", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 32.0,
         .minimum = 0.001, .maximum = 65536,
         .help = "How strongly the adapter speaks: its output is multiplied by alpha divided by rank.",
         .why = "Once or twice the rank is common. Doubling alpha acts much like a higher learning rate for the adapter.",
         .method = "lora"},
        {.key = "dropout", .label = "Dropout", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 0.0, .minimum = 0.0,
         .maximum = 0.9,
         .help = "The share of the adapter's inputs that is hidden at random in each step.",
         .why = "A little (0.05 to 0.1) can keep the model from learning a small set of rows by heart. It makes training somewhat slower.",
         .method = "lora"},
        {.key = "targets", .label = "Target modules", .unit = "", .kind = Kind::Text, .level = Level::Advanced,
         .standard = std::string("all"),
         .help = "Which matrices of the model get an adapter: all, attention, mlp, or names such as q_proj,v_proj.",
         .why = "All linear maps learn best for their size. Attention only is smaller and a little faster. Names are separated by commas "
                "and are those of the model's files.",
         .method = "lora"},
        {.key = "rslora", .label = "Rank-stabilised scaling", .unit = "", .kind = Kind::Boolean, .level = Level::Advanced,
         .standard = false,
         .help = "Divides alpha by the square root of the rank instead of by the rank.",
         .why = "With high ranks (64 and more) plain LoRA speaks too softly; rsLoRA keeps its strength the same at every rank.",
         .method = "lora"},
        // ---- the schedule
        {.key = "schedule", .label = "Schedule", .unit = "", .kind = Kind::Choice, .level = Level::Advanced,
         .standard = std::string("linear"), .choices = {"linear", "cosine", "constant"},
         .choiceLabels = {"Linear", "Cosine", "Constant"},
         .help = "How the learning rate changes over the run, after the warm-up.",
         .why = "Linear and cosine both end near zero, so that the last steps only polish. Constant keeps the rate, which suits runs that "
                "you want to stop by eye."},
        {.key = "warmup", .label = "Warm-up", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 0.05, .minimum = 0.0,
         .maximum = 1000000,
         .help = "How long the learning rate rises from zero: below 1 a share of the run, from 1 on a number of steps.",
         .why = "The optimiser knows nothing in its first steps; starting softly avoids a bad first correction. 0.03 to 0.1 is usual."},
        {.key = "maxSteps", .label = "Maximum steps", .unit = "steps", .kind = Kind::Integer, .level = Level::Advanced,
         .standard = whole(0), .minimum = 0, .maximum = 100000000,
         .help = "Ends the run after this many steps, whatever the number of epochs says; 0 means no limit.",
         .why = "Useful for a short trial before a long run. When it is larger than the epochs give, the rows are read again until it is "
                "reached."},
        {.key = "gradientAccumulation", .label = "Gradient accumulation", .unit = "", .kind = Kind::Integer, .level = Level::Advanced,
         .standard = whole(1), .minimum = 1, .maximum = 4096,
         .help = "Multiplies the rows per step: the effective batch size is rows per step times this number.",
         .why = "Known from other tools, where it saves memory. Here tokens per micro-batch does that, so 1 is right unless you repeat a "
                "recipe from elsewhere."},
        // ---- the optimiser
        {.key = "weightDecay", .label = "Weight decay", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 0.0,
         .minimum = 0.0, .maximum = 1.0,
         .help = "Pulls the trained weights gently towards zero at each step.",
         .why = "Decoupled as in AdamW: each step multiplies the weights by one minus learning rate times decay. Norms and biases are left "
                "alone. For adapters 0 to 0.01 is usual."},
        {.key = "clipNorm", .label = "Gradient clipping", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 1.0,
         .minimum = 0.0, .maximum = 1e6,
         .help = "Limits the size of a single correction; 0 turns the limit off.",
         .why = "One odd row can otherwise throw the model off its course. The limit is on the length of all gradients together."},
        {.key = "beta1", .label = "Beta 1", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 0.9, .minimum = 0.0,
         .maximum = 0.99999,
         .help = "How long the optimiser remembers the direction of earlier steps.",
         .why = "A value of AdamW, almost never worth changing."},
        {.key = "beta2", .label = "Beta 2", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 0.999, .minimum = 0.0,
         .maximum = 0.9999999,
         .help = "How long the optimiser remembers the size of earlier steps.",
         .why = "A value of AdamW. 0.95 to 0.99 is sometimes steadier for very short runs."},
        {.key = "epsilon", .label = "Epsilon", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 1e-8,
         .minimum = 1e-16, .maximum = 1.0,
         .help = "A small number that keeps the optimiser from dividing by zero.",
         .why = "A value of AdamW, almost never worth changing."},
        // ---- reading the rows
        {.key = "sampler", .label = "Order of rows", .unit = "", .kind = Kind::Choice, .level = Level::Advanced,
         .standard = std::string("shuffle"), .choices = {"shuffle", "sequential"}, .choiceLabels = {"Shuffled", "As in the table"},
         .help = "Whether the rows are shuffled anew in each epoch.",
         .why = "Shuffled rows learn better, because neighbours in a table often resemble each other. The order follows the seed, so a run "
                "can be repeated."},
        {.key = "packing", .label = "Packing", .unit = "", .kind = Kind::Boolean, .level = Level::Advanced, .standard = true,
         .help = "Puts several short rows side by side into one computation.",
         .why = "Rows never see each other: attention stops at the border and positions start again. The result is the same up to "
                "rounding, and short rows are read several times faster."},
        {.key = "tokensPerMicroBatch", .label = "Tokens per micro-batch", .unit = "tokens", .kind = Kind::Integer,
         .level = Level::Advanced, .standard = whole(1024), .minimum = 8, .maximum = 1048576,
         .help = "How many tokens are computed at once; less needs less memory.",
         .why = "The rows of a step are read in portions of at most this many tokens, and always at least one whole row. The result of a "
                "step is the same up to rounding; larger portions are a little faster."},
        {.key = "checkpointing", .label = "Activation checkpointing", .unit = "", .kind = Kind::Choice, .level = Level::Advanced,
         .standard = std::string("none"), .choices = {"none", "selective", "full"},
         .choiceLabels = {"Off", "The widest part", "Every layer"},
         .help = "Computes intermediate results twice instead of keeping them, which saves memory and costs time.",
         .why = "The widest part saves about a third of the working memory for a tenth more time; every layer saves more than half for a "
                "quarter more time. The result is the same up to rounding."},
        {.key = "seed", .label = "Seed", .unit = "", .kind = Kind::Integer, .level = Level::Advanced, .standard = whole(1207),
         .minimum = 0, .maximum = 9007199254740991.0,
         .help = "The number that all chance in a run is drawn from.",
         .why = "The same seed, rows, model and settings give exactly the same result on the same machine."},
        // ---- watching and keeping
        {.key = "evalFraction", .label = "Held-out share", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 0.1,
         .minimum = 0.0, .maximum = 0.5,
         .help = "The share of rows without a split that is kept out of training to measure progress.",
         .why = "The loss on rows that were never trained shows whether the model understands or only memorises. Rows that you put into a "
                "split yourself stay there."},
        {.key = "evalEvery", .label = "Evaluate every", .unit = "steps", .kind = Kind::Integer, .level = Level::Advanced,
         .standard = whole(0), .minimum = 0, .maximum = 100000000,
         .help = "Steps between two measurements on the held-out rows; 0 measures at the end of each epoch.",
         .why = "More points make a smoother curve and cost the time to read the held-out rows each time."},
        {.key = "checkpointEvery", .label = "Checkpoint every", .unit = "steps", .kind = Kind::Integer, .level = Level::Advanced,
         .standard = whole(0), .minimum = 0, .maximum = 100000000,
         .help = "Steps between two saved states from which the run can go on; 0 saves at the end of each epoch.",
         .why = "After a crash or a power cut the run goes on from the last checkpoint exactly as if nothing had happened. One is also "
                "saved when you pause, stop, and at the end."},
        {.key = "keepCheckpoints", .label = "Checkpoints to keep", .unit = "", .kind = Kind::Integer, .level = Level::Advanced,
         .standard = whole(2), .minimum = 1, .maximum = 10000,
         .help = "How many of the newest checkpoints stay on the disk, beside the best one.",
         .why = "Older ones are removed only after a newer one is safely on the disk. The one with the lowest held-out loss always stays."},
    };
    return fields;
}

} // namespace

std::span<const SettingField> settingFields()
{
    return table();
}

const SettingField *findSetting(std::string_view key)
{
    for (const SettingField &field : table()) {
        if (field.key == key)
            return &field;
    }
    return nullptr;
}

} // namespace fettle::train
