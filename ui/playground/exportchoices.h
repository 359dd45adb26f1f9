// The exports in plain words: what each writes, where it can be used, and which a method allows. Knows no window.
#pragma once

#include "core/engine/delivery.h"

#include <QString>

#include <string>
#include <vector>

namespace fettle::ui {

struct ExportType {
    std::string key; // "q8_0"
    QString text;    // "8 bits: nearly the same answers"
};

struct ExportTarget {
    std::string key; // "gguf"
    QString title, iconName;
    QString what;  // what is written, one sentence
    QString where; // where one can use it
    std::vector<ExportType> types;
    bool hasSystem = false; // takes the system prompt along
};
[[nodiscard]] std::vector<ExportTarget> exportTargets();

// What was trained, as far as exports depend on it.
struct TrainedResult {
    std::string method; // "lora"; empty: not known
    bool isDora = false, isPissa = false;
};
[[nodiscard]] TrainedResult trainedResult(const engine::RunInfo &run);
// Empty when the result can be written so; else why not, as a sentence.
[[nodiscard]] QString whyNotExported(const TrainedResult &result, const std::string &target);

// The lines to type or copy next, in the folder that was written; empty when there is nothing to type.
[[nodiscard]] QString nextSteps(const engine::ExportRequest &request, const engine::ExportResult &result);

} // namespace fettle::ui
