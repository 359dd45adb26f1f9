// What a blind vote says, in plain words. Knows no widget.
#pragma once

#include "core/engine/project.h"

#include <QString>

namespace fettle::ui {

[[nodiscard]] QString choiceText(evaluate::Choice choice);              // "A", "B", "equal", "both bad"
[[nodiscard]] QString preferenceText(evaluate::Preference preference);  // "tuned", "base", "equal", "both bad"
[[nodiscard]] QString percentText(double share);                        // "72 %"
[[nodiscard]] QString intervalText(const evaluate::Interval &interval); // "54 to 85 %"
// "Run 3 is better: ..." name: of the tuned model.
[[nodiscard]] QString verdictText(const evaluate::VoteTally &tally, const QString &name);
[[nodiscard]] QString signTestText(const evaluate::VoteTally &tally);
// Whether the votes suffice, and how many more would.
[[nodiscard]] QString enoughText(const evaluate::VoteTally &tally);
// Width of the widest interval that so many votes can leave, in points of 100.
[[nodiscard]] double widestInterval(std::int64_t votes);

} // namespace fettle::ui
