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
         .why = "The setting that matters most. LoRA and adapters usually learn well between 0.0001 and 0.001, full fine-tuning with a tenth "
                "of that, prefixes and factors with ten times as much. Too high and the loss jumps or becomes infinite; too low and "
                "nothing is learnt in the time you give it."},
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
         .help = "The share of the adapter's numbers that is hidden at random in each step.",
         .why = "A little (0.05 to 0.1) can keep the model from learning a small set of rows by heart. It makes training somewhat slower.",
         .method = "lora bottleneck"},
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
        {.key = "dora", .label = "DoRA", .unit = "", .kind = Kind::Boolean, .level = Level::Advanced, .standard = false,
         .help = "Also trains how long each row of a matrix is, apart from its direction.",
         .why = "Often learns a little better than LoRA at low ranks (4 to 8) and comes closer to full fine-tuning. A step takes about twice "
                "as long, and llama.cpp cannot load such an adapter: merge it first.",
         .method = "lora"},
        {.key = "init", .label = "Beginning", .unit = "", .kind = Kind::Choice, .level = Level::Advanced, .standard = std::string("default"),
         .choices = {"default", "gaussian", "pissa"}, .choiceLabels = {"Usual", "Normal distribution", "Strongest directions (PiSSA)"},
         .help = "What the adapter's matrices hold before the first step; the model answers like its base in every case.",
         .why = "PiSSA begins with the strongest directions of the model's own matrices and often learns faster in the first steps. The "
                "result is plain LoRA of twice the rank, so its file is twice as large.",
         .method = "lora"},
        {.key = "loraPlusRatio", .label = "LoRA+ ratio", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 1.0,
         .minimum = 1.0, .maximum = 1000.0,
         .help = "How many times faster the second matrix of each adapter learns than the first; 1 is plain LoRA.",
         .why = "The second matrix (B) begins at zero and can take larger corrections. 4 to 16 often needs fewer steps; lower the learning "
                "rate when the loss jumps.",
         .method = "lora"},
        {.key = "layers", .label = "Layers", .unit = "", .kind = Kind::Text, .level = Level::Advanced, .standard = std::string("all"),
         .help = "Which layers are trained: all, or numbers and ranges from 0 such as 0-3,7.",
         .why = "The last third of the layers is often enough for a change of style, and trains faster. Facts need more layers.",
         .method = "lora full bottleneck ia3", .form = TextForm::Layers},
        {.key = "targetExpression", .label = "Target expression", .unit = "", .kind = Kind::Text, .level = Level::Advanced,
         .standard = std::string(),
         .help = "A regular expression for the full names of the matrices that get an adapter, in place of target modules and layers.",
         .why = "As PEFT has it: it must match the whole name, for example .*layers\\.[0-3]\\..*(q|v)_proj. Empty uses target modules.",
         .method = "lora", .form = TextForm::Expression},
        {.key = "rankPattern", .label = "Ranks by module", .unit = "", .kind = Kind::Text, .level = Level::Advanced, .standard = std::string(),
         .help = "Other ranks for some matrices, such as q_proj=8,down_proj=32.",
         .why = "A name stands for every matrix whose full name ends with it; regular expressions are allowed. Matrices that are not named "
                "take the rank above.",
         .method = "lora", .form = TextForm::Pairs},
        {.key = "alphaPattern", .label = "Alphas by module", .unit = "", .kind = Kind::Text, .level = Level::Advanced, .standard = std::string(),
         .help = "Other alphas for some matrices, such as q_proj=16.",
         .why = "Written like ranks by module. Matrices that are not named take the alpha above.",
         .method = "lora", .form = TextForm::Pairs},
        {.key = "modulesToSave", .label = "Trained as a whole", .unit = "", .kind = Kind::Choice, .level = Level::Advanced, .standard = std::string("none"),
         .choices = {"none", "embed_tokens", "lm_head", "embed_tokens,lm_head"}, .choiceLabels = {"Nothing", "Embeddings", "Output head", "Both"},
         .help = "Which large tables of the model are copied and trained as a whole beside the adapter.",
         .why = "For new words or another language. The copies lie in the adapter's file, which grows by the size of the tables, and each step "
                "takes longer. Write embed_tokens or lm_head among the target modules to give them a low-rank adapter instead.",
         .method = "lora"},
        // ---- full fine-tuning
        {.key = "parts", .label = "Trained parts", .unit = "", .kind = Kind::Text, .level = Level::Basic, .standard = std::string("all"),
         .help = "Which weights are trained: all, or some of attention, mlp, norms, embeddings, head, separated by commas.",
         .why = "Everything that is trained needs four times its size in memory. Norms alone are tiny and change only the tone; attention "
                "and mlp hold what the model knows. When layers are chosen, embeddings and head are trained only if named here.",
         .method = "full"},
        // ---- bottleneck adapters
        {.key = "kind", .label = "Place of the adapters", .unit = "", .kind = Kind::Choice, .level = Level::Basic, .standard = std::string("sequential"),
         .choices = {"sequential", "double", "parallel"},
         .choiceLabels = {"Behind each layer (Pfeiffer)", "Behind attention and MLP (Houlsby)", "Beside the MLP (He)"},
         .help = "Where in each layer the small networks stand.",
         .why = "Behind each layer is the smallest. Two in each layer hold twice as much. Beside the MLP usually learns best with a low "
                "reduction factor (2 to 4) and a scaling of 4.",
         .method = "bottleneck"},
        {.key = "reductionFactor", .label = "Reduction factor", .unit = "", .kind = Kind::Real, .level = Level::Basic, .standard = 16.0,
         .minimum = 1.0, .maximum = 65536.0,
         .help = "How many times narrower the adapter is than the model.",
         .why = "A factor of 16 in a model of width 576 gives 36 numbers for each word to pass through. Lower holds more and makes a larger file.",
         .method = "bottleneck"},
        {.key = "activation", .label = "Curve", .unit = "", .kind = Kind::Choice, .level = Level::Advanced, .standard = std::string("relu"),
         .choices = {"relu", "swish", "gelu", "tanh"}, .choiceLabels = {"ReLU", "Swish", "GELU", "Tanh"},
         .help = "The curve between the two halves of an adapter.",
         .why = "ReLU is usual behind each layer and beside the MLP, Swish for two adapters in each layer. It seldom matters.",
         .method = "bottleneck"},
        {.key = "scaling", .label = "Scaling", .unit = "", .kind = Kind::Real, .level = Level::Advanced, .standard = 1.0, .minimum = 0.001,
         .maximum = 1000.0,
         .help = "The number that the adapter's output is multiplied by.",
         .why = "1 behind a block, 4 beside the MLP. Doubling it acts much like a higher learning rate.",
         .method = "bottleneck"},
        // ---- prefix and prompt tuning
        {.key = "virtualTokens", .label = "Virtual tokens", .unit = "tokens", .kind = Kind::Integer, .level = Level::Basic, .standard = whole(20),
         .minimum = 1, .maximum = 4096,
         .help = "How many trained places stand in front of every text.",
         .why = "10 to 100 is usual. Each takes the room of one token in the model's context, in training and in every answer.",
         .method = "prefix prompt"},
        {.key = "projection", .label = "Projection", .unit = "", .kind = Kind::Boolean, .level = Level::Advanced, .standard = false,
         .help = "Makes the prefix with a small network while training, which is thrown away at the end.",
         .why = "Steadier at high learning rates, but many more numbers are trained and checkpoints are larger. The result is as small.",
         .method = "prefix"},
        {.key = "projectionWidth", .label = "Projection width", .unit = "", .kind = Kind::Integer, .level = Level::Advanced, .standard = whole(0),
         .minimum = 0, .maximum = 65536,
         .help = "The width of that network; 0 takes the width of a layer's keys.",
         .why = "Wider networks learn more and train more numbers. It makes no difference to the size of the result.",
         .method = "prefix"},
        {.key = "promptInit", .label = "Beginning", .unit = "", .kind = Kind::Choice, .level = Level::Advanced, .standard = std::string("sample"),
         .choices = {"sample", "text", "random"}, .choiceLabels = {"Words drawn at random", "A text", "Random numbers"},
         .help = "What the virtual tokens hold before the first step.",
         .why = "Real words are a better start than random numbers. A text that describes the task is often the best.",
         .method = "prompt"},
        {.key = "promptText", .label = "Text to begin with", .unit = "", .kind = Kind::Text, .level = Level::Advanced, .standard = std::string(),
         .help = "The text whose words the virtual tokens begin with, when the beginning is a text.",
         .why = "It is repeated or cut to the number of virtual tokens, for example: Answer briefly, as our house rules say.",
         .method = "prompt", .form = TextForm::Free},
        // ---- IA3
        {.key = "scaledModules", .label = "Scaled modules", .unit = "", .kind = Kind::Text, .level = Level::Advanced,
         .standard = std::string("k_proj,v_proj,down_proj"),
         .help = "Which matrices get trained factors: names such as k_proj,v_proj,down_proj, or all.",
         .why = "Keys, values and the end of the MLP are what the method was made for. More modules hold a little more.",
         .method = "ia3"},
        {.key = "inputScaled", .label = "Scaled at the input", .unit = "", .kind = Kind::Text, .level = Level::Advanced,
         .standard = std::string("down_proj"),
         .help = "Those of the scaled modules whose factors stand in front of the matrix instead of behind it.",
         .why = "Usually the one that closes the MLP. It must be among the scaled modules to have an effect.",
         .method = "ia3"},
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
        {.key = "optimizerState", .label = "Optimiser memory", .unit = "", .kind = Kind::Choice, .level = Level::Advanced,
         .standard = std::string("fp32"), .choices = {"fp32", "8bit"}, .choiceLabels = {"32 bits", "8 bits"},
         .help = "In how many bits the optimiser remembers the earlier steps of each trained value.",
         .why = "With 8 bits it needs a quarter of the room, which matters in full fine-tuning; adapters are small in any case. Runs with it end "
                "close to runs without, but not equal to them."},
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
                "quarter more time. The result is the same up to rounding. On a graphics card, with DoRA and dropout together, and for Gemma 2, GPT-2 and "
                "GPT-NeoX the widest part alone saves nothing."},
        {.key = "device", .label = "Computed by", .unit = "", .kind = Kind::Choice, .level = Level::Advanced,
         .standard = std::string("cpu"), .choices = {"cpu", "cuda", "cuda:1", "cuda:2", "cuda:3"},
         .choiceLabels = {"The processor", "The graphics card", "The second graphics card", "The third graphics card", "The fourth graphics card"},
         .help = "What computes the run; a graphics card must be one of NVIDIA's with its driver.",
         .why = "On a graphics card the base model lies in the memory of the card, unpacked to 32 bits, or to 16 bits where the numbers of the base are set so. What is "
                "trained stays in the memory of the computer. Answers, exports and evaluations are computed by the processor in every case. The result is as good, but not "
                "the same to the last digit."},
        {.key = "compute", .label = "Numbers of the base", .unit = "", .kind = Kind::Choice, .level = Level::Advanced,
         .standard = std::string("fp32"), .choices = {"fp32", "bf16"},
         .choiceLabels = {"32 bits, exact", "16 bits, faster"},
         .help = "How exactly the base model is multiplied while it teaches; 16 bits need a newer processor, or a graphics card.",
         .why = "With 16 bits the frozen matrices of the base are multiplied with rounded numbers, which takes about a third less time for each step. "
                "What is trained, its sums and the held-out loss stay in 32 bits. The result is as good, but not the same to the last "
                "digit. Without effect on weights that are trained themselves."},
        {.key = "storage", .label = "Base model in memory", .unit = "", .kind = Kind::Choice, .level = Level::Advanced,
         .standard = std::string("fp32"), .choices = {"fp32", "bf16", "q8", "nf4", "nf4-double", "file"},
         .choiceLabels = {"32 bits", "16 bits", "8 bits", "4 bits (NF4)", "4 bits, smallest", "As in the file"},
         .help = "In how many bits the weights that are not trained lie in memory while the run learns.",
         .why = "Fewer bits need less memory and round the model that the adapter learns beside: 16 and 8 bits change next to nothing, 4 bits "
                "(QLoRA) a little. The smallest form rounds the scales of the blocks too. They are unpacked for each product. Answers and exports take the weights of the file. Full "
                "fine-tuning needs 32 or 16 bits; what it does not train is then rounded in its result."},
        {.key = "mix", .label = "Mix", .unit = "", .kind = Kind::Text, .level = Level::Advanced, .standard = std::string(),
         .help = "How often the rows of each set are read in an epoch, such as rules.jsonl=2,tag:chat=0.5; others are read once. Empty: the mix of the project; off: none.",
         .why = "A set is a file that rows came from, own for those that were written here, or a tag: and its name. A small set that matters can be "
                "read twice; half of a large one is read in each epoch, another half in the next. 0 leaves a set out.",
         .form = TextForm::Weights},
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
        {.key = "watchGeneral", .label = "Forgetting meter", .unit = "", .kind = Kind::Boolean, .level = Level::Advanced, .standard = true,
         .help = "Asks a small set of general questions before, during and after the run, to see what the model forgets.",
         .why = "Two dozen questions of everyday knowledge come with Fettle. When the model is more and more surprised by their answers it "
                "loses what it knew before. It costs a fraction of a second each time and changes nothing of what is learnt."},
        {.key = "patience", .label = "Patience", .unit = "evaluations", .kind = Kind::Integer, .level = Level::Advanced,
         .standard = whole(0), .minimum = 0, .maximum = 1000,
         .help = "Ends the run when the held-out loss has not fallen for this many evaluations; 0 never ends it early.",
         .why = "When the loss on held-out rows stops falling the model only memorises from there on. The checkpoint with the lowest "
                "held-out loss then becomes the result."},
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

constexpr MethodInfo kMethods[] = {
    {"lora", "LoRA", "Trains two thin matrices beside the model's own; the first choice for most tasks.", 2e-5, 2e-3},
    {"full", "Full fine-tuning",
     "Trains the model's own weights, all or chosen parts; for small models and much data. The result is a whole model.", 1e-6, 4e-4},
    {"bottleneck", "Adapters", "Trains small networks inside each layer; for many tasks that share one base model.", 2e-5, 2e-3},
    {"prefix", "Prefix tuning", "Trains keys and values in front of every text; tiny, for a tone or a format.", 1e-4, 2e-1},
    {"prompt", "Prompt tuning", "Trains virtual words in front of every text; the smallest result, for large models.", 1e-4, 5e-1},
    {"ia3", "IA3", "Trains a factor for some rows of the model's matrices; a few kilobytes, can be merged.", 1e-4, 2e-2},
};

} // namespace

std::span<const MethodInfo> methods()
{
    return kMethods;
}

const MethodInfo *findMethod(std::string_view key)
{
    for (const MethodInfo &method : kMethods) {
        if (method.key == key)
            return &method;
    }
    return nullptr;
}

bool isSettingOf(const SettingField &field, std::string_view method)
{
    if (field.method.empty())
        return true;
    std::string_view rest = field.method;
    while (!rest.empty()) {
        const auto space = rest.find(' ');
        if (rest.substr(0, space) == method)
            return true;
        rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
    }
    return false;
}

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
