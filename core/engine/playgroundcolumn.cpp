#include "core/engine/playgroundcolumn.h"

#include "core/base/words.h"
#include "core/engine/models.h"

#include <algorithm>
#include <cmath>

namespace fettle::engine {

namespace {

using OtherModel = Playground::State::OtherModel;

// When the weights of a model's folder or file were written.
std::filesystem::file_time_type writtenAt(const std::filesystem::path &model)
{
    std::error_code problem;
    for (const auto &file : {model, model / "model.safetensors", model / "model.safetensors.index.json"}) {
        if (std::filesystem::is_regular_file(file, problem))
            return std::filesystem::last_write_time(file, problem);
    }
    return {};
}

Result<std::shared_ptr<OtherModel>> loadOtherModel(Playground::State &state, const std::filesystem::path &path, std::shared_ptr<const Lens> lens, std::stop_token stop)
{
    constexpr std::size_t kKept = 2; // beside those that a question needs
    const auto written = writtenAt(path);
    const auto known = std::ranges::find_if(state.otherModels, [&](const auto &other) { return other->folder == path; });
    if (known != state.otherModels.end()) {
        std::shared_ptr<OtherModel> other = std::move(*known);
        state.otherModels.erase(known);
        if (other->written == written) {
            state.otherModels.push_back(other);
            return other;
        }
    }
    while (state.otherModels.size() >= kKept) { // makes room before the next one is read
        const auto unused = std::ranges::find_if(state.otherModels, [](const auto &other) { return other.use_count() == 1; });
        if (unused == state.otherModels.end())
            break;
        state.otherModels.erase(unused);
    }
    auto loaded = generate::Generator::load(path, state.threads, {}, std::move(stop));
    if (!loaded)
        return passError(loaded);
    if (!lens && (*loaded)->config().vocabulary != state.generator->config().vocabulary) {
        return fail(ErrorCode::BadInput, tr("{} has another vocabulary than the base model.", path.string()),
                    tr("Compare a trained model with the base that it was trained from."));
    }
    if (lens && !(*loaded)->tokenizer())
        return fail(ErrorCode::BadInput, tr("{} has no tokenizer.", path.string()), tr("Put tokenizer.json beside the model's weights."));
    state.otherModels.push_back(std::make_shared<OtherModel>(OtherModel{path, written, std::move(*loaded), std::move(lens), {}}));
    return state.otherModels.back();
}

// Another base model where the choice names one; null: the playground's own.
Result<std::shared_ptr<OtherModel>> baseOf(Playground::State &state, const ColumnChoice &choice, std::stop_token stop)
{
    if (choice.model.empty())
        return std::shared_ptr<OtherModel>();
    const auto path = resolveModel(choice.model);
    if (!path)
        return passError(path);
    if (*path == state.generator->path())
        return std::shared_ptr<OtherModel>();
    auto lens = Lens::open(path->string());
    if (!lens)
        return passError(lens);
    return loadOtherModel(state, *path, std::move(*lens), std::move(stop));
}

Result<> checkStrength(const std::string &name, double strength, const generate::DecodeAdapter &adapter)
{
    if (strength == 0.0 || strength == 1.0 || adapter.canScale())
        return {};
    return fail(ErrorCode::Usage, tr("{} stands in front of the text: its strength cannot be {}.", name, strength),
                tr("Set the strength to 100 %, or to 0 for the base model."));
}

// A run that trained the weights themselves.
Result<> useTrainedModel(Playground::State &state, PlaygroundColumn &column, const AdapterPath &path, double strength, std::stop_token stop)
{
    if (strength != 0.0 && strength != 1.0) {
        return fail(ErrorCode::Usage, tr("{} is a whole model, not an adapter: its strength cannot be {}.", path.name, strength),
                    tr("Set the strength to 100 %, or to 0 for the base model."));
    }
    if (strength == 0.0)
        return {};
    auto model = loadOtherModel(state, path.folder, column.other ? column.other->lens : nullptr, std::move(stop));
    if (!model)
        return passError(model);
    column.other = std::move(*model);
    column.badge.isAdapterOn = true;
    column.badge.weightHash = column.badge.adapterHash = column.other->generator->weightHash();
    return {};
}

// The adapter of the training that goes on, copied as it is now.
Result<std::shared_ptr<const generate::DecodeAdapter>> liveAdapter(Playground::State &state, PlaygroundColumn &column, const LiveRun *live)
{
    if (live == nullptr)
        return fail(ErrorCode::NotFound, tr("No run is learning now."), tr("Choose the result of a run, or one of its checkpoints."));
    std::error_code problem;
    const std::filesystem::path &base = column.generator(state).path();
    if (live->model != base && !std::filesystem::equivalent(live->model, base, problem)) {
        return fail(ErrorCode::BadInput, tr("{} learns on {}, not on {}.", live->name, live->model.string(), base.string()),
                    tr("Choose the base model that it learns on, or wait for its result."));
    }
    column.badge.adapterName = live->name;
    column.badge.step = live->step;
    column.badge.isLive = true;
    return column.generator(state).addAdapter(*live->adapter);
}

// Puts a second adapter beside the one that is there. One of them at 0 % leaves the other alone.
Result<> mixIn(Playground::State &state, PlaygroundColumn &column, const ColumnChoice &choice, const Project *project)
{
    const auto path = resolveAdapter(choice.second, project);
    if (!path)
        return passError(path);
    if (path->isModel)
        return fail(ErrorCode::Usage, tr("{} is a whole model: it cannot be mixed in.", path->name), tr("Mix two adapters."));
    auto second = (column.other ? column.other->adapters : state.adapters).load(*path, column.generator(state));
    if (!second)
        return passError(second);
    column.badge.secondName = path->name;
    column.badge.secondStrength = choice.secondStrength;
    if (choice.secondStrength == 0.0)
        return {};
    column.badge.secondHash = (*second)->hash();
    if (!column.adapter) { // the first one is at 0 %
        auto nothing = generate::DecodeAdapter::mix(**second, choice.secondStrength, **second, 0.0);
        if (!nothing)
            return passError(nothing);
        column.adapter = std::move(*nothing);
    } else {
        auto mixed = generate::DecodeAdapter::mix(*column.adapter, choice.strength, **second, choice.secondStrength);
        if (!mixed)
            return passError(mixed);
        column.adapter = std::move(*mixed);
    }
    column.isMixed = true;
    return {};
}

} // namespace

Result<> checkRange(std::string_view name, double value, double low, double high)
{
    if (std::isfinite(value) && value >= low && value <= high)
        return {};
    return fail(ErrorCode::Usage, tr("{} cannot be {}.", name, value), tr("Choose a value from {} to {}.", low, high));
}

Result<PlaygroundColumn> loadColumn(Playground::State &state, const ColumnChoice &choice, const Project *project, const LiveRun *live, std::stop_token stop)
{
    for (const double strength : {choice.strength, choice.secondStrength}) {
        if (auto checked = checkRange(tr("The strength of an adapter"), strength, 0, 1.5); !checked)
            return passError(checked);
    }
    auto base = baseOf(state, choice, stop);
    if (!base)
        return passError(base);
    PlaygroundColumn column{std::move(*base), nullptr, false, {}};
    column.badge.weightHash = column.generator(state).weightHash();
    if (column.other)
        column.badge.otherModel = column.other->lens->modelName();
    if ((choice.adapter.empty() || choice.adapter == "base") && !choice.second.empty())
        return fail(ErrorCode::Usage, tr("There is no adapter to mix {} with.", choice.second), tr("Choose it as the only adapter of the column."));
    if (choice.adapter.empty() || choice.adapter == "base")
        return column;
    column.badge.strength = choice.strength;
    std::shared_ptr<const generate::DecodeAdapter> adapter;
    if (choice.adapter == kLiveAdapter) {
        auto copied = liveAdapter(state, column, live);
        if (!copied)
            return passError(copied);
        adapter = std::move(*copied);
    } else {
        const auto path = resolveAdapter(choice.adapter, project);
        if (!path)
            return passError(path);
        column.badge.adapterName = path->name;
        column.badge.step = path->step;
        if (path->isModel && !choice.second.empty())
            return fail(ErrorCode::Usage, tr("{} is a whole model: nothing can be mixed with it.", path->name), tr("Mix two adapters."));
        if (path->isModel) {
            if (auto used = useTrainedModel(state, column, *path, choice.strength, std::move(stop)); !used)
                return passError(used);
            return column;
        }
        auto loaded = (column.other ? column.other->adapters : state.adapters).load(*path, column.generator(state));
        if (!loaded)
            return passError(loaded);
        adapter = std::move(*loaded);
    }
    if (auto checked = checkStrength(column.badge.adapterName, choice.strength, *adapter); !checked)
        return passError(checked);
    if (choice.strength > 0) {
        column.adapter = std::move(adapter);
        column.badge.isAdapterOn = true;
        column.badge.adapterHash = column.adapter->hash();
    }
    if (!choice.second.empty()) {
        if (auto mixed = mixIn(state, column, choice, project); !mixed)
            return passError(mixed);
    }
    return column;
}

} // namespace fettle::engine
