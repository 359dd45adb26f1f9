// Numbers, sizes, times and enums in the words of the window. One place, so that every page says them alike.
#pragma once

#include "core/engine/project.h"

#include <QString>

class QDateTime;

namespace fettle::ui {

[[nodiscard]] QString countText(qint64 count);            // 1,284
[[nodiscard]] QString largeCountText(double count);       // 134.5 M, 1.72 B
[[nodiscard]] QString bytesText(qint64 bytes);            // 269 MB, 3.7 GB (decimal units)
[[nodiscard]] QString gigabytesText(qint64 bytes);        // "9.4" for "9.4 of 15.4 GB"
[[nodiscard]] QString durationText(double seconds);       // 45 s, 5 min, 1 h 20 min
[[nodiscard]] QString energyText(double joules);          // 850 J, 12.4 Wh, 1.20 kWh
[[nodiscard]] QString timeLeftText(double seconds);       // "5 min left"; empty below 0
[[nodiscard]] QString lossText(double loss);              // 1.37
[[nodiscard]] QString whenText(const QDateTime &when);    // "14:24", "Tuesday", "3 March"
[[nodiscard]] QString clockText(const std::string &iso);  // "14:24" of an ISO 8601 time
[[nodiscard]] QString modelNameText(const std::string &model); // last part of a path or hub name

[[nodiscard]] QString methodText(const std::string &method); // "LoRA", "full" ...
[[nodiscard]] QString runStateText(engine::RunState state);
[[nodiscard]] QString flagIcon(engine::RecordFlag flag);

} // namespace fettle::ui
