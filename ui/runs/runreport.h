// A run on one self-contained page, HTML or PDF: what it was made of, its curves, what the doctor says, what it answered, what it learnt from.
// For people who do not have Fettle. Values in, bytes out; made on a worker thread.
#pragma once

#include "ui/runs/rundoctor.h"

#include <QByteArray>

namespace fettle::ui {

struct ReportParts {
    engine::RunInfo run;
    RunCurves curves;
    data::RunProbes probes;
    double smoothing = 0.85;                                  // of the training curve
    std::optional<engine::SnapshotInfo> snapshot;             // none: the run had no project
    std::vector<std::pair<std::string, std::int64_t>> tags;   // of the learnt records, most frequent first
};

// The tags of the records, most frequent first, at most `most` of them.
[[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> frequentTags(const std::vector<data::Record> &records, std::size_t most);
[[nodiscard]] QByteArray runReportHtml(const ReportParts &parts);
[[nodiscard]] QByteArray runReportPdf(const ReportParts &parts); // A4, curves as vectors

} // namespace fettle::ui
