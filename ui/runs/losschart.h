// The loss of one run over its steps: raw faint, smoothed strong, held out as points; epochs, the step under the pointer, what a failed run
// lost. The horizontal axis zooms and pans, the vertical one follows what is in view. Dragging goes
// from stop to stop while the whole run is in view, and moves the view when it is zoomed; with Shift or the right button it zooms into a box. Knows no bridge; reads the page's
// curves and their series.
#pragma once

#include "ui/runs/runseries.h"

#include <QWidget>

class QCPGraph;
class QCustomPlot;

namespace fettle::ui {

class ChartOverlay;

class LossChart : public QWidget {
    Q_OBJECT

public:
    enum class Measure { Loss, Perplexity };
    enum class Scale { Linear, Logarithmic };
    // What lies between the newest checkpoint and the step at which the run ended against the user's will.
    struct Lost { std::int64_t from = 0, to = 0; };
    // What the read-out says about a step.
    struct Reading {
        std::int64_t step = 0;
        int epoch = 1;
        double smoothed = 0, raw = 0;
        std::optional<engine::EvalPoint> heldOut; // the last one up to here
    };

    // curves, series and scale must outlive the chart; refresh() after each change of them.
    LossChart(const RunCurves &curves, const RunSeries &series, const AxisScale &scale, QWidget *parent = nullptr);

    void refresh();
    void showAll(); // the whole run
    void zoom(double factor, double centre); // factor below 1: closer
    void setMeasure(Measure measure);
    void setScale(Scale scale);
    void setCursor(std::optional<double> step);        // the read-out; none: at the chosen checkpoint
    void setChosen(std::optional<std::int64_t> step);  // the chosen checkpoint
    void setLost(std::optional<Lost> lost);
    void setEvidence(std::optional<Lost> steps); // what the doctor points at, tinted

    [[nodiscard]] std::optional<Reading> readingAt(double step) const; // none where no point lies near
    [[nodiscard]] std::optional<double> cursor() const { return m_cursor; }
    [[nodiscard]] std::optional<std::int64_t> chosen() const { return m_chosen; }
    [[nodiscard]] std::optional<Lost> lost() const { return m_lost; }
    [[nodiscard]] std::optional<Lost> evidence() const { return m_evidence; }
    [[nodiscard]] double measured(double loss) const; // as loss or as perplexity
    [[nodiscard]] const RunCurves &curves() const { return m_curves; }
    [[nodiscard]] double viewFrom() const; // steps
    [[nodiscard]] double viewTo() const;
    void axisChanged(); // the scale counts something else now: the whole run is shown
    // Curves and what lies over them, in vectors: for SVG and PDF.
    void draw(QPaintDevice &device);
    [[nodiscard]] const engine::CurveNote *noteAt(double x) const; // within a few pixels; null: none
    [[nodiscard]] int drawnPoints() const; // of the raw line, after thinning
    // Where a step or value lies, in pixels of this widget.
    [[nodiscard]] double xOf(double step) const;
    [[nodiscard]] double yOf(double value) const;
    [[nodiscard]] QRect plotRect() const;

signals:
    void hovered(double step);
    void pointerLeft();
    void clicked(double step);
    void scrubbed(double step); // dragged over the whole run, or by the line of the chosen step
    void keyStepped(int checkpoints); // Left -1, Right 1, Home and End far beyond
    void noteWished(qint64 step);   // by a double click or the key N
    void noteActivated(qint64 note);      // its mark was clicked
    void viewChanged(double from, double to, // in units of the axis
                     int axisLeft, int axisRight);

protected:
    void changeEvent(QEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool eventFilter(QObject *object, QEvent *event) override;

private:
    void setupPlot();
    void setupGraphs();
    void applyTheme();
    void connectMouse();
    void pressed(const QMouseEvent &event);
    void released(const QMouseEvent &event);
    void fillGraphs();
    void fitValueAxis();
    void clampView();
    [[nodiscard]] std::int64_t noteStep(double step) const; // one that the run has
    void describe();
    [[nodiscard]] double lastStep() const;
    [[nodiscard]] double lastValue() const { return m_axis.toValue(lastStep()); }

    const RunCurves &m_curves;
    const RunSeries &m_series;
    const AxisScale &m_axis;
    Measure m_measure = Measure::Loss;
    Scale m_scale = Scale::Linear;
    std::optional<double> m_cursor;
    std::optional<std::int64_t> m_chosen;
    std::optional<Lost> m_lost, m_evidence;
    bool m_isWhole = true;  // the view is not zoomed: it grows with the run
    bool m_isDirty = false; // changed while out of view
    double m_pressX = -1;
    bool m_isScrubbing = false;
    QCustomPlot *m_plot = nullptr;
    QCPGraph *m_rawLine = nullptr;
    QCPGraph *m_smoothLine = nullptr;
    QCPGraph *m_heldOut = nullptr;
    QCPGraph *m_heldOutCircles = nullptr; // of its own: not clipped at the edge
    ChartOverlay *m_overlay = nullptr;
};

} // namespace fettle::ui
