// What lies over the loss chart and moves with the pointer: epochs, the step that is read with its read-out box, what was lost. A widget of
// its own, so that moving the pointer never draws the curves again. Knows the chart only.
#pragma once

#include <QWidget>

namespace fettle::ui {

class LossChart;

class ChartOverlay : public QWidget {
    Q_OBJECT

public:
    explicit ChartOverlay(LossChart &chart);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void paintEpochs(QPainter &painter) const;
    void paintNotes(QPainter &painter) const;
    void paintEvidence(QPainter &painter) const;
    void paintLost(QPainter &painter) const;
    void paintCursor(QPainter &painter, double step) const;
    void paintReadOut(QPainter &painter, double step) const;

    LossChart &m_chart;
};

} // namespace fettle::ui
