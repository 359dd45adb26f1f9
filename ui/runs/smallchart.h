// One quantity of a run over its steps, without axis numbers: name, the value at the cursor or the newest one, one line. Shares view and
// cursor with the loss chart. Painted by hand: it follows the theme by itself. Knows no bridge; reads the page's curves and their series.
#pragma once

#include "ui/runs/runseries.h"

#include <QWidget>

#include <functional>

namespace fettle::ui {

class SmallChart : public QWidget {
    Q_OBJECT

public:
    struct Quantity {
        QString name, shortName, unit, help; // short: where there is no room
        StepSeries RunSeries::*series = nullptr;
        std::function<QString(double)> textOf;
        // In place of the series for what is not measured at every step: steps and values. Drawn with a dot for each.
        std::function<QPolygonF(const RunCurves &)> pointsOf = {};
        std::function<std::optional<double>(const RunCurves &)> warnAbove = {}; // a line; what lies above it is drawn as a warning
    };

    // curves, series and scale must outlive the chart; refresh() after each change of them.
    SmallChart(const RunCurves &curves, const RunSeries &series, const AxisScale &scale, Quantity quantity, QWidget *parent = nullptr);

    void refresh();
    void setView(double from, double to); // in units of the axis
    void setCursor(std::optional<double> step);
    [[nodiscard]] bool isEmpty() const { return !values().hasFinite(); } // nothing was measured
    [[nodiscard]] std::optional<double> warningLimit() const { return m_limit; }
    [[nodiscard]] bool isAboveLimit() const; // at the cursor or now
    [[nodiscard]] QString valueText() const; // what is printed at the top right; empty without points
    // What the vertical axis ends at: far values that are few do not flatten the rest, their line leaves the picture.
    [[nodiscard]] static double topOf(const QPolygonF &line);
    [[nodiscard]] QSize sizeHint() const override { return {140, 112}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {90, 112}; }

signals:
    void hovered(double step);
    void pointerLeft();

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    [[nodiscard]] QRectF plotRect() const;
    [[nodiscard]] bool isStacked() const;
    [[nodiscard]] double xOf(double step) const;
    [[nodiscard]] double xOfValue(double value) const;
    void thin();
    void drawWarning(QPainter &painter, const std::function<double(double)> &yOf) const;
    [[nodiscard]] std::ptrdiff_t shownIndex() const; // of the value that is printed; below 0: none

    [[nodiscard]] const StepSeries &places() const { return m_quantity.pointsOf ? m_steps : m_series.x; } // in units of the axis
    [[nodiscard]] const StepSeries &values() const { return m_quantity.pointsOf ? m_values : m_series.*m_quantity.series; }

    const RunCurves &m_curves;
    const RunSeries &m_series;
    const AxisScale &m_scale;
    Quantity m_quantity;
    StepSeries m_steps, m_values; // of pointsOf
    std::optional<double> m_limit;
    QPolygonF m_line; // thinned, in units of the axis and values
    double m_from = 0, m_to = 1;
    std::optional<double> m_cursor;
};

} // namespace fettle::ui
