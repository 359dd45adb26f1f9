// Curves of a run as a figure for paper: axes with numbers, lines with names. Painted with values only, so that a worker can do it; its colours
// are those of the table that it is given.
#pragma once

#include "ui/runs/runcurves.h"
#include "ui/theme/tokens.h"

#include <QRectF>
#include <QString>

class QPainter;

namespace fettle::ui {

struct FigureLine {
    QString name;
    int series = 0;
    bool isFaint = false;
    bool hasMarks = false;
    std::vector<double> x, y; // x ascends
};

struct CurveFigure {
    QString title, axisName;
    double end = 1; // of the horizontal axis, which begins at 0
    std::vector<FigureLine> lines;
    std::vector<EpochStart> epochs;
};

// Loss (raw, smoothed, held out), learning rate, gradient norm; without those that were never measured. smoothing: 0 to below 1.
[[nodiscard]] std::vector<CurveFigure> runFigures(const RunCurves &curves, double smoothing);
// 1, 2 or 5 times a power of ten, at most `most` of them inside the range.
[[nodiscard]] std::vector<double> roundTicks(double from, double to, int most);
void paintFigure(QPainter &painter, const QRectF &rect, const CurveFigure &figure, const Tokens &tokens);

} // namespace fettle::ui
