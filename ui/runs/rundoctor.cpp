// See rundoctor.h. Each rule is one function; its thresholds stand at its head.
#include "ui/runs/rundoctor.h"

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
    const nlohmann::json &recipe;
    bool isOver;
    std::vector<double> smooth; // training loss
    std::vector<RunFinding> findings = {};

    [[nodiscard]] double number(const char *key, double standard) const
    {
        const auto found = recipe.is_object() ? recipe.find(key) : recipe.end();
        return found != recipe.end() && found->is_number() ? found->get<double>() : standard;
    }
    [[nodiscard]] QString rate(double factor) const { return QLocale().toString(number("learningRate", 2e-4) * factor, 'g', 2); }
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
    findings.push_back({Ailment::Diverges, tr("The training loss rises from %1 to %2 since step %3.").arg(lossText(*lowest), lossText(end), countText(curves.points[at].step)),
                        tr("Start again with a learning rate of %1.").arg(rate(0.2)), stepAt(at), stepAt(smooth.size() - 1), {}});
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
    findings.push_back({Ailment::RateTooHigh, tr("The training loss first climbs from %1 to %2: the corrections are too large.").arg(lossText(start), lossText(*highest)),
                        tr("Halve the learning rate to %1, or lengthen the warm-up.").arg(rate(0.5)), stepAt(0), stepAt(std::size_t(highest - smooth.begin())), {}});
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
    findings.push_back({Ailment::RateTooLow, tr("The training loss hardly falls: %1 at the beginning, %2 at the end.").arg(lossText(start), lossText(end)),
                        tr("Raise the learning rate to %1, or train for more epochs.").arg(rate(3)), stepAt(0), stepAt(smooth.size() - 1), {}});
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
                       tr("Train for fewer epochs, or set a patience: the run then ends at its best. More varied records help most."), double(best->step), double(curves.evals.back().step), {}};
    if (hasCheckpoint(curves, best->step)) {
        finding.betterStep = best->step;
        finding.remedy = tr("Make the checkpoint of step %1 the result. Next time train for fewer epochs, or set a patience.").arg(countText(best->step));
    }
    findings.push_back(std::move(finding));
}

// Too few held-out tokens: the curve says more about chance than about the model.
void Doctor::heldOutIsSmall()
{
    constexpr std::int64_t kFew = 300;
    if (curves.evals.empty() || curves.evals.back().tokens >= kFew || curves.evals.back().tokens <= 0)
        return;
    findings.push_back({Ailment::FewHeldOutTokens, tr("The held-out loss is measured on %1 tokens only: small differences mean nothing.").arg(countText(curves.evals.back().tokens)),
                        tr("Hold out more records; a tenth of the data is usual."), double(curves.evals.front().step), double(curves.evals.back().step), {}});
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
    findings.push_back({Ailment::HeldOutLeaks,
                        tr("The held-out loss (%1) is far below the training loss (%2): the held-out records are much easier, or copies of what it learns from.")
                            .arg(lossText(curves.evals.back().loss), lossText(smooth[std::size_t(at)])),
                        tr("Look at the leaks on the Data page and draw the held-out records anew."), double(curves.evals.front().step), double(curves.evals.back().step), {}});
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
    findings.push_back({Ailment::Clipped, tr("The gradient is more than twice its limit of %1 in %2 % of the steps.").arg(QLocale().toString(limit, 'g', 3)).arg(int(std::lround(share * 100))),
                        tr("Halve the learning rate to %1, or read more records in a step.").arg(rate(0.5)), stepAt(begin), stepAt(curves.points.size() - 1), {}});
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
    findings.push_back({Ailment::Slows, tr("It reads %1 tokens a second now and read %2 before.").arg(countText(std::llround(now)), countText(std::llround(before))),
                        tr("Close other programs; if memory is short, lower the tokens per micro-batch."), stepAt(last), stepAt(curves.points.size() - 1), {}});
}

// The general questions have become clearly harder than they were before the run.
void Doctor::forgets()
{
    const auto limit = forgettingLimit(curves);
    if (!limit || curves.general.back().loss <= *limit)
        return;
    const auto first = std::ranges::find_if(curves.general, [&](const engine::GeneralPoint &point) { return point.loss > *limit; });
    findings.push_back({Ailment::Forgets,
                        tr("It forgets what it knew before: the loss on general questions has risen from %1 to %2.").arg(lossText(curves.general.front().loss), lossText(curves.general.back().loss)),
                        tr("Where the model has to stay good at other things too: lower the learning rate to %1, train for fewer epochs, or add some general records to your data.").arg(rate(0.5)),
                        double(std::prev(first)->step), double(curves.general.back().step), {}});
}

} // namespace

std::vector<RunFinding> runFindings(const RunCurves &curves, const nlohmann::json &recipe, bool isOver)
{
    constexpr double kSmoothing = 0.9;
    if (curves.points.empty())
        return {};
    std::vector<double> losses;
    losses.reserve(curves.points.size());
    for (const engine::MetricPoint &point : curves.points)
        losses.push_back(point.loss);
    Doctor doctor{curves, recipe, isOver, smoothedValues(losses, kSmoothing), {}, noiseOf(losses)};
    if (!doctor.diverges()) { // nothing else is to be learnt from such a curve
        doctor.rateTooHigh();
        doctor.rateTooLow();
        doctor.memorises();
        doctor.heldOutLeaks();
    }
    doctor.heldOutIsSmall();
    doctor.isClipped();
    doctor.slows();
    doctor.forgets();
    return std::move(doctor.findings);
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
    }
    return {};
}

} // namespace fettle::ui
