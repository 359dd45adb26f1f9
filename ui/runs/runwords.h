// How the Runs page says what a run is: icon, ink, one line. Knows no widget.
#pragma once

#include "ui/theme/tokens.h"
#include "ui/widgets/badge.h"

#include "core/engine/project.h"
#include "core/train/settings.h"

#include <QString>

namespace fettle::ui {

[[nodiscard]] QString runStateIcon(engine::RunState state);
[[nodiscard]] Ink runStateInk(engine::RunState state);
[[nodiscard]] BadgeTone runStateTone(engine::RunState state);
[[nodiscard]] bool isRunWorking(engine::RunState state);   // an engine works on it now
[[nodiscard]] bool isRunResumable(engine::RunState state); // the engine would go on with it

// "LoRA, rank 16": method and the value that tells runs of one method apart.
[[nodiscard]] QString runMethodLine(const engine::RunInfo &run);
// What the list says beside the number: the name where the user gave one, else the method.
[[nodiscard]] QString runListName(const engine::RunInfo &run);
// "LoRA, rank 16, snapshot 6, seed 1207".
[[nodiscard]] QString runFactsLine(const engine::RunInfo &run);
// Second line of the list: "step 129 of 207, 5 min left", "today 11:05, 13 min", "Tuesday, stopped by you at 64".
[[nodiscard]] QString runSecondLine(const engine::RunInfo &run, double secondsLeft);

// The first sentence (what happened) and the rest (what to do) of a stored failure.
struct FailureWords { QString what, remedy; };
[[nodiscard]] FailureWords failureWords(const std::string &failure);

// A value of a stored recipe as the form shows it: "0.0002", "Linear", "yes". Unknown kinds as they are written.
[[nodiscard]] QString settingValueText(const train::SettingField &field, const train::SettingValue &value);
[[nodiscard]] QString settingLabel(const train::SettingField &field);
// "learningRate=0.0001" as "learning rate 0.0001"; as it is written where there is no such setting.
[[nodiscard]] QString assignmentText(const QString &assignment);

} // namespace fettle::ui
