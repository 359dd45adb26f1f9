// What is wrong with a run, told from its curves: rules in plain words with the steps that show it. Values in, values out; knows no widget.
// A rule stays silent where it is not sure: a good run has no finding.
#pragma once

#include "ui/runs/runcurves.h"

#include <QString>

#include <nlohmann/json_fwd.hpp>

namespace fettle::ui {

enum class Ailment { Diverges, RateTooHigh, RateTooLow, Memorises, FewHeldOutTokens, HeldOutLeaks, Clipped, Slows, Forgets };

struct RunFinding {
    Ailment ailment = Ailment::Diverges;
    QString what;   // one sentence
    QString remedy; // what to do
    double from = 0, to = 0; // steps that show it
    std::optional<std::int64_t> betterStep; // a kept checkpoint that is better than the end
};

// recipe: as the run stores it. isOver: no more steps come; rules about the whole run wait for it.
[[nodiscard]] std::vector<RunFinding> runFindings(const RunCurves &curves, const nlohmann::json &recipe, bool isOver);
[[nodiscard]] QString ailmentTitle(Ailment ailment);

} // namespace fettle::ui
