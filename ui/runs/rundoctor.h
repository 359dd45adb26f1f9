// What is wrong with a run, told from its curves and its rows: rules in plain words with the steps that show it. Values in, values out; knows no widget.
// A rule stays silent where it is not sure: a good run has no finding.
#pragma once

#include "ui/runs/runcurves.h"

#include <QString>

namespace fettle::ui {

enum class Ailment { Diverges, RateTooHigh, RateTooLow, Memorises, FewHeldOutTokens, HeldOutLeaks, Clipped, Slows, Forgets, AnswersCut, NoEnd, TagLags, Pages, ReadOneByOne };

// What the button of a finding does; its value stands beside it.
enum class Cure {
    None,
    MakeResult,  // of the checkpoint of this step
    TrainAgain,  // the Train page with this run's settings and this one changed: "learningRate=0.0001"
    ShowRecords, // a search of the Data page: "tag:dosage"
};

struct RunFinding {
    Ailment ailment = Ailment::Diverges;
    QString what;   // one sentence
    QString remedy; // what to do
    double from = 0, to = 0; // steps that show it
    Cure cure = Cure::None;
    QString cureValue;
    bool isOfTags = false; // the curves by tag show it best
};

// What was looked at and is as it should be, so that silence can be trusted: "End mark", "learnt in every row".
struct SoundCheck { QString name, detail; };

struct Diagnosis { std::vector<RunFinding> findings; std::vector<SoundCheck> sound; };

// Rules about the whole run wait until it is at rest.
[[nodiscard]] std::vector<RunFinding> runFindings(const RunCurves &curves, const engine::RunInfo &run);
// What cannot be told yet is left out. findings: those of the same curves.
[[nodiscard]] std::vector<SoundCheck> soundChecks(const RunCurves &curves, const engine::RunInfo &run, const std::vector<RunFinding> &findings);
[[nodiscard]] Diagnosis diagnosisOf(const RunCurves &curves, const engine::RunInfo &run);
[[nodiscard]] QString ailmentTitle(Ailment ailment);

} // namespace fettle::ui
