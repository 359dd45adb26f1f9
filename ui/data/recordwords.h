// The words of records for people: status, split, findings, numbers with their separators. One place, so that table, filters and editor
// agree. Knows no widget.
#pragma once

#include "core/engine/project.h"
#include "ui/theme/tokens.h"
#include "ui/widgets/words.h"

#include <QString>

namespace fettle::ui {

[[nodiscard]] QString statusName(data::RecordStatus status); // "To review", "Edited", ...
[[nodiscard]] QString splitName(data::Split split);          // in the table: "train", "held out", "test", "none"
[[nodiscard]] QString splitLabel(data::Split split);         // in lists and menus: "Train", "Held out", "Test", "No split yet"
[[nodiscard]] QString roleName(data::Role role);             // "System", "User", ...
[[nodiscard]] QString flagName(engine::RecordFlag flag);     // "Too long": the name on the chip
[[nodiscard]] QString flagSentence(engine::RecordFlag flag); // what it means, one sentence: the tooltip
// Names of icons in the theme's set, and their colour.
[[nodiscard]] QString statusIcon(data::RecordStatus status);
[[nodiscard]] Ink statusInk(data::RecordStatus status);
[[nodiscard]] Ink flagInk(engine::RecordFlag flag);

} // namespace fettle::ui
