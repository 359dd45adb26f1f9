// See rundoctor.h. Each rule is one function; its thresholds stand at its head.
#include "ui/runs/rundoctor.h"

#include "ui/runs/runwords.h"
#include "ui/runs/stepseries.h"
#include "ui/widgets/words.h"

#include <nlohmann/json.hpp>

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fettle::ui {

namespace {

// From the differences of neighbours, so that the fall of the curve does not count; the middle one, so that a spike does not.
double noiseOf(const std::vector<double> &losses)
{
    constexpr double kMedianToDeviation = 1.4826, kTwo = 1.4142135623730951; // a difference has the noise of both
    std::vector<double> steps;
    for (std::size_t i = 1; i < losses.size(); ++i) {
        if (std::isfinite(losses[i]) && std::isfinite(losses[i - 1]))
            steps.push_back(std::abs(losses[i] - losses[i - 1]));
    }
    if (steps.empty())
        return 0;
    std::ranges::nth_element(steps, steps.begin() + std::ptrdiff_t(steps.size() / 2));
    return steps[steps.size() / 2] * kMedianToDeviation / kTwo;
}

struct Doctor {
    Q_DECLARE_TR_FUNCTIONS(fettle::ui::Doctor)

public:
    const RunCurves &curves;
    const engine::RunInfo &run;
    nlohmann::json recipe;
    bool isOver;
    std::vector<double> smooth; // training loss
    std::vector<RunFinding> findings = {};

    [[nodiscard]] double number(const char *key, double standard) const
    {
        const auto found = recipe.is_object() ? recipe.find(key) : recipe.end();
        return found != recipe.end() && found->is_number() ? found->get<double>() : standard;
    }
    // Of a recipe that may come from anywhere.
    [[nodiscard]] bool isSetTo(const char *key, const nlohmann::json &value) const
    {
        const auto found = recipe.is_object() ? recipe.find(key) : recipe.end();
        return found != recipe.end() && *found == value;
    }
    [[nodiscard]] double rateTimes(double factor) const { return number("learningRate", 2e-4) * factor; }
    [[nodiscard]] QString rate(double factor) const { return QLocale().toString(rateTimes(factor), 'g', 2); }
    void add(RunFinding finding) { findings.push_back(std::move(finding)); }
    void addRate(Ailment ailment, const QString &what, const QString &remedy, double from, double to, double factor)
    {
        add({ailment, what, remedy, from, to, Cure::TrainAgain, QStringLiteral("learningRate=%1").arg(rateTimes(factor), 0, 'g', 2)});
    }
    double noise = 0; // of one step's loss, as a standard deviation
    [[nodiscard]] double stepAt(std::size_t index) const { return double(curves.points[index].step); }

    bool diverges();
    void rateTooHigh();
    void rateTooLow();
    void memorises();
    void heldOutIsSmall();
    void heldOutLeaks();
    void isClipped();
    void slows();
    void forgets();
    void answersAreCut();
    void endIsNotLearnt();
    void tagLags();
    bool pages();
    void isReadOneByOne();
};

// The smoothed loss ends half above its lowest point, and above where it began falling: the run undoes what it learnt.
bool Doctor::diverges()
{
    constexpr double kRise = 1.5, kLeastRise = 0.3, kSmoothedNoises = 2;
    constexpr std::size_t kFewest = 20;
    if (smooth.size() < kFewest)
        return false;
    const auto lowest = std::ranges::min_element(smooth);
    const double end = smooth.back();
    if (std::isfinite(end) && (end < kRise * *lowest || end < *lowest + std::max(kLeastRise, kSmoothedNoises * noise)))
        return false;
    const auto at = std::size_t(lowest - smooth.begin());
    addRate(Ailment::Diverges, tr("The training loss rises from %1 to %2 since step %3.").arg(lossText(*lowest), lossText(end), countText(curves.points[at].step)),
            tr("Start again with a learning rate of %1.").arg(rate(0.2)), stepAt(at), stepAt(smooth.size() - 1), 0.2);
    return true;
}

// In the first fifth the smoothed loss climbs well above its beginning, and comes down again later.
void Doctor::rateTooHigh()
{
    constexpr double kClimb = 1.2, kLeastClimb = 0.2, kNoises = 4; // the first value is hardly smoothed
    constexpr std::size_t kFewest = 30;
    if (smooth.size() < kFewest)
        return;
    const auto early = smooth.begin() + std::ptrdiff_t(smooth.size() / 5);
    const auto highest = std::max_element(smooth.begin() + 1, early);
    const double start = smooth.front();
    if (*highest < kClimb * start || *highest < start + std::max(kLeastClimb, kNoises * noise))
        return;
    addRate(Ailment::RateTooHigh, tr("The training loss first climbs from %1 to %2: the corrections are too large.").arg(lossText(start), lossText(*highest)),
            tr("Halve the learning rate to %1, or lengthen the warm-up.").arg(rate(0.5)), stepAt(0), stepAt(std::size_t(highest - smooth.begin())), 0.5);
}

// Hardly any fall over a whole run although there is something left to learn.
void Doctor::rateTooLow()
{
    constexpr double kFall = 0.05, kLearnt = 0.5;
    constexpr std::size_t kFewest = 30;
    if (!isOver || smooth.size() < kFewest)
        return;
    const std::size_t part = smooth.size() / 5;
    const auto mean = [&](std::size_t from) { return std::accumulate(smooth.begin() + std::ptrdiff_t(from), smooth.begin() + std::ptrdiff_t(from + part), 0.0) / double(part); };
    const double start = mean(0), end = mean(smooth.size() - part);
    if (end < kLearnt || end < (1 - kFall) * start || end > (1 + kFall) * start)
        return;
    addRate(Ailment::RateTooLow, tr("The training loss hardly falls: %1 at the beginning, %2 at the end.").arg(lossText(start), lossText(end)),
            tr("Raise the learning rate to %1, or train for more epochs.").arg(rate(3)), stepAt(0), stepAt(smooth.size() - 1), 3);
}

// The held-out loss has risen above its best for two evaluations while the training loss still falls.
void Doctor::memorises()
{
    constexpr double kRise = 1.03;
    constexpr std::ptrdiff_t kSince = 2;
    if (curves.evals.size() < 3 || smooth.empty())
        return;
    const auto best = std::ranges::min_element(curves.evals, {}, &engine::EvalPoint::loss);
    if (curves.evals.end() - best <= kSince || curves.evals.back().loss < kRise * best->loss)
        return;
    const std::ptrdiff_t at = pointIndex(curves, double(best->step));
    if (at < 0 || smooth.back() >= smooth[std::size_t(at)])
        return;
    RunFinding finding{Ailment::Memorises,
                       tr("Since step %1 (epoch %2) it memorises: the held-out loss rises from %3 to %4 while the training loss falls.")
                           .arg(countText(best->step)).arg(std::max(1, int(std::ceil(curves.points[std::size_t(at)].epoch - 1e-9)))).arg(lossText(best->loss), lossText(curves.evals.back().loss)),
                       tr("Train for fewer epochs, or set a patience: the run then ends at its best. More varied records help most."), double(best->step), double(curves.evals.back().step),
                       Cure::TrainAgain, QStringLiteral("patience=%1").arg(kSince)};
    if (isOver && hasCheckpoint(curves, best->step)) {
        finding.cure = Cure::MakeResult;
        finding.cureValue = QString::number(best->step);
        finding.remedy = tr("Make the checkpoint of step %1 the result. Next time train for fewer epochs, or set a patience.").arg(countText(best->step));
    }
    add(std::move(finding));
}

// Too few held-out tokens: the curve says more about chance than about the model.
void Doctor::heldOutIsSmall()
{
    constexpr std::int64_t kFew = 300;
    if (curves.evals.empty() || curves.evals.back().tokens >= kFew || curves.evals.back().tokens <= 0)
        return;
    add({Ailment::FewHeldOutTokens, tr("The held-out loss is measured on %1 tokens only: small differences mean nothing.").arg(countText(curves.evals.back().tokens)),
         tr("Hold out more records; a tenth of the data is usual."), double(curves.evals.front().step), double(curves.evals.back().step), Cure::TrainAgain,
         QStringLiteral("evalFraction=%1").arg(std::clamp(2 * number("evalFraction", 0.1), 0.1, 0.5))});
}

// Much lower on rows it never saw than on those it learns from: they are probably easier, or the same.
void Doctor::heldOutLeaks()
{
    constexpr double kShare = 0.6, kLeast = 0.2;
    if (!isOver || curves.evals.empty() || smooth.empty())
        return;
    const std::ptrdiff_t at = pointIndex(curves, double(curves.evals.back().step));
    if (at < 0 || smooth[std::size_t(at)] < kLeast || curves.evals.back().loss > kShare * smooth[std::size_t(at)])
        return;
    add({Ailment::HeldOutLeaks,
         tr("The held-out loss (%1) is far below the training loss (%2): the held-out records are much easier, or copies of what it learns from.")
             .arg(lossText(curves.evals.back().loss), lossText(smooth[std::size_t(at)])),
         tr("Look at the leaks on the Data page and draw the held-out records anew."), double(curves.evals.front().step), double(curves.evals.back().step), Cure::ShowRecords,
         QStringLiteral("finding:leak")});
}

// The limit on gradients cuts nearly every step after the warm-up: it sets the pace then, not the learning rate.
void Doctor::isClipped()
{
    constexpr double kMost = 0.8, kFarAbove = 2.0, kWarmUp = 0.1;
    constexpr std::size_t kFewest = 30;
    const double limit = number("clipNorm", 1.0);
    if (limit <= 0 || curves.points.size() < kFewest)
        return;
    const auto begin = std::size_t(kWarmUp * double(curves.points.size()));
    std::size_t clipped = 0;
    for (std::size_t i = begin; i < curves.points.size(); ++i)
        clipped += curves.points[i].gradNorm > kFarAbove * limit ? 1 : 0;
    const double share = double(clipped) / double(curves.points.size() - begin);
    if (share < kMost)
        return;
    addRate(Ailment::Clipped, tr("The gradient is more than twice its limit of %1 in %2 % of the steps.").arg(QLocale().toString(limit, 'g', 3)).arg(int(std::lround(share * 100))),
            tr("Halve the learning rate to %1, or read more records in a step.").arg(rate(0.5)), stepAt(begin), stepAt(curves.points.size() - 1), 0.5);
}

// The pace of the last fifth is less than half of that before: another program, or memory that does not suffice.
void Doctor::slows()
{
    constexpr std::size_t kFewest = 50;
    if (curves.points.size() < kFewest)
        return;
    const auto median = [&](std::size_t from, std::size_t to) {
        std::vector<double> values;
        for (std::size_t i = from; i < to; ++i)
            values.push_back(curves.points[i].tokensPerSecond);
        std::ranges::nth_element(values, values.begin() + std::ptrdiff_t(values.size() / 2));
        return values[values.size() / 2];
    };
    const std::size_t last = curves.points.size() - curves.points.size() / 5;
    const double before = median(0, last), now = median(last, curves.points.size());
    if (now <= 0 || now > 0.5 * before)
        return;
    add({Ailment::Slows, tr("It reads %1 tokens a second now and read %2 before.").arg(countText(std::llround(now)), countText(std::llround(before))),
         tr("Close other programs; if it stays slow, the processor may be too hot."), stepAt(last), stepAt(curves.points.size() - 1), Cure::None, {}});
}

// The general questions have become clearly harder than they were before the run.
void Doctor::forgets()
{
    const auto limit = forgettingLimit(curves);
    if (!limit || curves.general.back().loss <= *limit)
        return;
    const auto first = std::ranges::find_if(curves.general, [&](const engine::GeneralPoint &point) { return point.loss > *limit; });
    addRate(Ailment::Forgets,
            tr("It forgets what it knew before: the loss on general questions has risen from %1 to %2.").arg(lossText(curves.general.front().loss), lossText(curves.general.back().loss)),
            tr("Where the model has to stay good at other things too: lower the learning rate to %1, train for fewer epochs, or add some general records to your data.").arg(rate(0.5)),
            double(std::prev(first)->step), double(curves.general.back().step), 0.5);
}

// Rows that lose their end to the greatest length: the model learns to stop in the middle of an answer.
void Doctor::answersAreCut()
{
    constexpr double kShare = 0.02;
    constexpr std::int64_t kLengthUnit = 64;
    const engine::RunRows &rows = run.rows;
    if (rows.all <= 0 || double(rows.cut) < kShare * double(rows.all) || rows.cut == 0)
        return;
    const std::int64_t enough = (rows.longest + kLengthUnit - 1) / kLengthUnit * kLengthUnit;
    const double percent = 100.0 * double(rows.cut) / double(rows.all);
    add({Ailment::AnswersCut,
         tr("%1 % of the rows (%2 of %3) are cut off at %4 tokens: it learns to stop in the middle of an answer.")
             .arg(QLocale().toString(percent, 'f', percent < 10 ? 1 : 0), countText(rows.cut), countText(rows.all), countText(std::int64_t(number("maxLength", 1024)))),
         tr("Raise the greatest length to %1 tokens, or shorten those rows.").arg(countText(enough)), stepAt(0), stepAt(curves.points.size() - 1), Cure::TrainAgain,
         QStringLiteral("maxLength=%1").arg(enough)});
}

// Rows whose answer is followed by no mark that is learnt: the tuned model writes on until it is stopped.
void Doctor::endIsNotLearnt()
{
    constexpr double kShare = 0.1;
    const engine::RunRows &rows = run.rows;
    if (rows.all <= 0 || double(rows.endless) < kShare * double(rows.all))
        return;
    const bool isOfSetting = isSetTo("trainOn", "assistant");
    RunFinding finding{Ailment::NoEnd,
                       rows.endless >= rows.all ? tr("No row teaches the mark that ends an answer: the tuned model will not know when to stop.")
                                                : tr("%1 of %2 rows do not teach the mark that ends an answer: the tuned model will often write on and on.").arg(countText(rows.endless), countText(rows.all)),
                       tr("The chat template of this model writes no end mark behind an answer. Choose a model that was tuned on instructions."), stepAt(0), stepAt(curves.points.size() - 1), Cure::None, {}};
    if (isOfSetting) {
        finding.remedy = tr("Train on the whole completion: it includes the end mark.");
        finding.cure = Cure::TrainAgain;
        finding.cureValue = QStringLiteral("trainOn=completion");
    }
    add(std::move(finding));
}

// The losses of one tag fall much less than those of all other rows, and stay far above them.
void Doctor::tagLags()
{
    constexpr double kShareOfFall = 0.5, kLeastFall = 0.2, kAbove = 1.5, kLeastAbove = 0.3;
    constexpr std::int64_t kFewestRows = 5;
    std::int64_t all = 0;
    for (const engine::LossGroup &group : curves.tags)
        all += group.rows;
    for (const engine::LossGroup &group : curves.tags) {
        if (group.name.empty() || group.rows < kFewestRows || all - group.rows < kFewestRows || group.losses.size() < 2)
            continue;
        double first = 0, last = 0; // of the others
        for (const engine::LossGroup &other : curves.tags) {
            if (&other == &group || other.losses.empty())
                continue;
            first += other.losses.front() * double(other.rows) / double(all - group.rows);
            last += other.losses.back() * double(other.rows) / double(all - group.rows);
        }
        const double fall = 1 - group.losses.back() / group.losses.front(), othersFall = 1 - last / first;
        if (!(othersFall >= kLeastFall) || fall > kShareOfFall * othersFall || group.losses.back() < std::max(kAbove * last, last + kLeastAbove))
            continue;
        const QString tag = QString::fromStdString(group.name);
        add({Ailment::TagLags,
             tr("Rows with the tag \"%1\" lag behind: their loss went from %2 to %3, that of the others from %4 to %5.")
                 .arg(tag, lossText(group.losses.front()), lossText(group.losses.back()), lossText(first), lossText(last)),
             tr("Look whether these rows contradict each other or ask for what nobody could know. More rows of this kind, or reading them more often, help too."), stepAt(0),
             stepAt(curves.points.size() - 1), Cure::ShowRecords, QStringLiteral("tag:%1").arg(tag.contains(QLatin1Char(' ')) ? QStringLiteral("\"%1\"").arg(tag) : tag), true});
    }
}

// Most of the newest steps waited for memory that the system had put on a disk. The first steps read the model's file in any case.
bool Doctor::pages()
{
    constexpr double kFaultsPerSecond = 50; // a disk that turns gives about a hundred pages a second
    constexpr std::size_t kFewest = 20;
    if (curves.points.size() < kFewest)
        return false;
    const std::size_t from = curves.points.size() / 2;
    std::size_t waiting = 0;
    double faults = 0;
    for (std::size_t i = from; i < curves.points.size(); ++i) {
        const double seconds = curves.points[i].seconds - curves.points[i - 1].seconds;
        waiting += seconds > 0 && double(curves.points[i].pageFaults) > kFaultsPerSecond * seconds ? 1 : 0;
        faults += double(curves.points[i].pageFaults);
    }
    const std::size_t count = curves.points.size() - from;
    if (2 * waiting < count)
        return false;
    const double smaller = std::max(8.0, std::floor(number("tokensPerMicroBatch", 1024) / 2));
    add({Ailment::Pages,
         tr("The memory does not suffice: in %1 % of the steps it waits for the disk, for %2 pages of memory each time.").arg(100 * waiting / count).arg(countText(std::llround(faults / double(count)))),
         tr("Close other programs, or halve the tokens per micro-batch to %1: the result stays the same.").arg(countText(std::int64_t(smaller))), stepAt(from), stepAt(curves.points.size() - 1),
         Cure::TrainAgain, QStringLiteral("tokensPerMicroBatch=%1").arg(std::int64_t(smaller))});
    return true;
}

// Each row is a computation of its own although several would fit into one.
void Doctor::isReadOneByOne()
{
    constexpr double kFewest = 3; // rows that would fit
    const engine::MetricPoint &last = curves.points.back();
    if (run.rows.all <= 0 || !(last.epoch > 0) || !isSetTo("packing", false) || number("rowsPerStep", 8) < kFewest)
        return;
    const double length = double(last.tokens) / (last.epoch * double(run.rows.all)), room = number("tokensPerMicroBatch", 1024);
    if (length <= 0 || length * kFewest > room)
        return;
    add({Ailment::ReadOneByOne,
         tr("Each row is computed by itself: about %1 tokens at a time, where %2 would fit.").arg(countText(std::llround(length)), countText(std::llround(room))),
         tr("Turn packing on: short rows are read several times faster, and no row sees another."), stepAt(0), stepAt(curves.points.size() - 1), Cure::TrainAgain, QStringLiteral("packing=true")});
}

struct DoctorChecks {
    Q_DECLARE_TR_FUNCTIONS(fettle::ui::DoctorChecks)

public:
    const std::vector<RunFinding> &findings;
    std::vector<SoundCheck> sound = {};

    // canTell: the run has gone on long enough for the rules about these ailments.
    void add(const QString &name, const QString &detail, bool canTell, std::initializer_list<Ailment> ailments)
    {
        const bool isFound = std::ranges::any_of(findings, [&](const RunFinding &finding) { return std::ranges::find(ailments, finding.ailment) != ailments.end(); });
        if (canTell && !isFound)
            sound.push_back({name, detail});
    }
};

// Mean training loss of the first or the last fifth.
double meanLoss(const std::vector<engine::MetricPoint> &points, bool isLast)
{
    const std::size_t part = std::max<std::size_t>(1, points.size() / 5), from = isLast ? points.size() - part : 0;
    double sum = 0;
    for (std::size_t i = from; i < from + part; ++i)
        sum += points[i].loss;
    return sum / double(part);
}

} // namespace

std::vector<RunFinding> runFindings(const RunCurves &curves, const engine::RunInfo &run)
{
    constexpr double kSmoothing = 0.9;
    if (curves.points.empty())
        return {};
    std::vector<double> losses;
    losses.reserve(curves.points.size());
    for (const engine::MetricPoint &point : curves.points)
        losses.push_back(point.loss);
    Doctor doctor{curves, run, nlohmann::json::parse(run.recipeJson, nullptr, false), !isRunWorking(run.state), smoothedValues(losses, kSmoothing), {}, noiseOf(losses)};
    if (!doctor.diverges()) { // nothing else is to be learnt from such a curve
        doctor.rateTooHigh();
        doctor.rateTooLow();
        doctor.memorises();
        doctor.heldOutLeaks();
        doctor.tagLags();
    }
    doctor.answersAreCut();
    doctor.endIsNotLearnt();
    doctor.heldOutIsSmall();
    doctor.isClipped();
    if (!doctor.pages())
        doctor.slows();
    doctor.isReadOneByOne();
    doctor.forgets();
    return std::move(doctor.findings);
}

std::vector<SoundCheck> soundChecks(const RunCurves &curves, const engine::RunInfo &run, const std::vector<RunFinding> &findings)
{
    constexpr std::size_t kFewSteps = 30, kFewPaces = 50, kFewEvals = 3; // as the rules have it
    if (curves.points.empty())
        return {};
    DoctorChecks checks{findings};
    const auto tr = [](const char *text) { return DoctorChecks::tr(text); };
    checks.add(tr("Learning rate"), tr("loss from %1 to %2").arg(lossText(meanLoss(curves.points, false)), lossText(meanLoss(curves.points, true))),
               curves.points.size() >= kFewSteps && !isRunWorking(run.state), {Ailment::Diverges, Ailment::RateTooHigh, Ailment::RateTooLow, Ailment::Clipped});
    if (!curves.evals.empty()) {
        const double best = std::ranges::min_element(curves.evals, {}, &engine::EvalPoint::loss)->loss;
        checks.add(tr("Memorising"), tr("held out %1, at best %2").arg(lossText(curves.evals.back().loss), lossText(best)), curves.evals.size() >= kFewEvals,
                   {Ailment::Memorises, Ailment::Diverges});
        checks.add(tr("Held-out records"), tr("%1 tokens").arg(countText(curves.evals.back().tokens)), curves.evals.back().tokens > 0,
                   {Ailment::FewHeldOutTokens, Ailment::HeldOutLeaks});
    }
    const engine::RunRows &rows = run.rows;
    checks.add(tr("Length of answers"), rows.cut == 0 ? tr("none is cut off") : tr("%1 of %2 cut off").arg(countText(rows.cut), countText(rows.all)), rows.all > 0, {Ailment::AnswersCut});
    checks.add(tr("End mark"), rows.endless == 0 ? tr("learnt in every row") : tr("learnt in %1 of %2 rows").arg(countText(rows.all - rows.endless), countText(rows.all)), rows.all > 0,
               {Ailment::NoEnd});
    checks.add(tr("Tags"), tr("none lags behind"), curves.tags.size() > 1, {Ailment::TagLags, Ailment::Diverges});
    if (curves.general.size() > 1)
        checks.add(tr("General knowledge"), tr("loss %1, was %2").arg(lossText(curves.general.back().loss), lossText(curves.general.front().loss)), true, {Ailment::Forgets});
    checks.add(tr("Speed"), tr("%1 tokens/s").arg(countText(std::llround(curves.points.back().tokensPerSecond))), curves.points.size() >= kFewPaces,
               {Ailment::Slows, Ailment::Pages, Ailment::ReadOneByOne});
    return std::move(checks.sound);
}

Diagnosis diagnosisOf(const RunCurves &curves, const engine::RunInfo &run)
{
    Diagnosis diagnosis{runFindings(curves, run), {}};
    diagnosis.sound = soundChecks(curves, run, diagnosis.findings);
    return diagnosis;
}

QString ailmentTitle(Ailment ailment)
{
    switch (ailment) {
    case Ailment::Diverges: return Doctor::tr("It unlearns");
    case Ailment::RateTooHigh: return Doctor::tr("Learning rate too high");
    case Ailment::RateTooLow: return Doctor::tr("Learning rate too low");
    case Ailment::Memorises: return Doctor::tr("It memorises");
    case Ailment::FewHeldOutTokens: return Doctor::tr("Few held-out records");
    case Ailment::HeldOutLeaks: return Doctor::tr("Held-out records too easy");
    case Ailment::Clipped: return Doctor::tr("Gradient limited in most steps");
    case Ailment::Slows: return Doctor::tr("It has become slow");
    case Ailment::Forgets: return Doctor::tr("It forgets general knowledge");
    case Ailment::AnswersCut: return Doctor::tr("Answers are cut off");
    case Ailment::NoEnd: return Doctor::tr("It does not learn to stop");
    case Ailment::TagLags: return Doctor::tr("One tag lags behind");
    case Ailment::Pages: return Doctor::tr("Memory is on the disk");
    case Ailment::ReadOneByOne: return Doctor::tr("Rows are read one by one");
    }
    return {};
}

} // namespace fettle::ui
