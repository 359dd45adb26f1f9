// Many lines over one axis: runs that are compared, parts of the data. Lines can be hidden; the wheel zooms, dragging moves a zoomed view. A
// long line is thinned to what the picture can show. Values in, pixels out; knows no run.
#pragma once

#include "ui/runs/charttheme.h"

#include <QWidget>

#include <optional>
#include <vector>

class QCPItemStraightLine;
class QCustomPlot;

namespace fettle::ui {

struct OverlayLine {
    QString name;
    int series = 0;                // colour and mark; several lines may share one
    bool isQuiet = false;          // thin and without marks: what lies behind
    std::vector<double> x, y;      // x ascends; values that are not finite are left out
};

class OverlayChart : public QWidget {
    Q_OBJECT

public:
    explicit OverlayChart(QWidget *parent = nullptr);

    // The view stays where it is while the end of the axis does; else everything is shown.
    void setLines(std::vector<OverlayLine> lines);
    void setSeriesShown(int series, bool isShown);
    void setLogarithmic(bool isLogarithmic);
    void setEpochs(const std::vector<double> &starts); // dotted lines
    void setCursor(std::optional<double> x);
    void setCounts(AxisCounts counts); // of the horizontal axis; at first whole things
    void setEnd(double x); // of the axis; 0: where the longest line ends
    void showAll();
    void zoom(double factor, double centre);

    [[nodiscard]] const std::vector<OverlayLine> &lines() const { return m_lines; }
    [[nodiscard]] bool isSeriesShown(int series) const;
    // The value of a line at or before x; none before its first point.
    [[nodiscard]] std::optional<double> valueAt(std::size_t line, double x) const;
    [[nodiscard]] double viewFrom() const;
    [[nodiscard]] double viewTo() const;
    [[nodiscard]] int drawnPoints(std::size_t line) const;
    [[nodiscard]] QPointF pixelOf(double x, double y) const;
    void draw(QPaintDevice &device); // in vectors: for SVG and PDF

signals:
    void hovered(double x);
    void pointerLeft();
    void viewChanged(double from, double to, int axisLeft, int axisRight);

protected:
    void changeEvent(QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool eventFilter(QObject *object, QEvent *event) override;

private:
    void setupPlot();
    void applyTheme();
    void fill();
    void fitValueAxis();
    void clampView();
    [[nodiscard]] double end() const;

    std::vector<OverlayLine> m_lines;
    std::vector<int> m_hidden; // series
    double m_end = 0, m_shownEnd = 0;
    bool m_isLogarithmic = false, m_isWhole = true;
    std::optional<double> m_cursor;
    QCustomPlot *m_plot = nullptr;
    QCPItemStraightLine *m_cursorLine = nullptr;
    std::vector<QCPItemStraightLine *> m_epochs;
};

} // namespace fettle::ui
