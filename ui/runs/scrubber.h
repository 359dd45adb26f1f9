// The track under the loss chart, on the same scale: how far the run is, its checkpoints as diamonds (the best one as a star), other steps with
// answers as dots, the chosen one as a circle. A slider over these stops: value is the index, Left and Right step, Home and End jump. Knows no bridge; reads the page's curves.
#pragma once

#include "ui/runs/axisscale.h"

#include <QAbstractSlider>

namespace fettle::ui {

class Scrubber : public QAbstractSlider {
    Q_OBJECT

public:
    // curves and scale must outlive the scrubber; refresh() after each change of them.
    Scrubber(const RunCurves &curves, const AxisScale &scale, QWidget *parent = nullptr);

    void refresh(); // keeps the chosen step where it still exists, else takes the newest
    void forgetChoice(); // another run is shown: its newest is taken at the next refresh
    void setView(double from, double to, int axisLeft, int axisRight); // of the chart above, in units of the axis
    void setFailedStep(std::optional<std::int64_t> step);
    [[nodiscard]] std::optional<std::int64_t> chosenStep() const;
    void choose(std::int64_t step); // the stop nearest to it
    void stepBy(int stops);
    [[nodiscard]] QPoint checkpointPosition(int index) const; // where it is drawn
    [[nodiscard]] QSize sizeHint() const override { return {200, 32}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {80, 32}; }

signals:
    void stepChosen(std::optional<std::int64_t> step);
    void hovered(double step);
    void pointerLeft();

protected:
    void sliderChange(SliderChange change) override;
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    [[nodiscard]] double xOf(double step) const;
    [[nodiscard]] double stepAt(double x) const;
    void announce();

    const RunCurves &m_curves;
    const AxisScale &m_scale;
    std::vector<std::int64_t> m_stops; // as stopsOf, at the last refresh
    std::optional<std::int64_t> m_chosen, m_failed;
    double m_from = 0, m_to = 1;
    int m_left = 0, m_right = 1;
    bool m_isRefreshing = false;
};

} // namespace fettle::ui
