// A run on one self-contained HTML page: what it was made of, its curve, what the doctor says, what it answered. For people who do not have
// Fettle. Values in, bytes out.
#pragma once

#include "ui/runs/rundoctor.h"

#include <QByteArray>

namespace fettle::ui {

struct ReportParts {
    engine::RunInfo run;
    RunCurves curves;
    data::RunProbes probes;
    QByteArray chart; // SVG
};

[[nodiscard]] QByteArray runReport(const ReportParts &parts);

} // namespace fettle::ui
