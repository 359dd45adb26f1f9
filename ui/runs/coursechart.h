// The losses of one record over the readings of a run, before the middle 80 % of all records. Painted by hand: it follows the theme by
// itself. Knows no model.
#pragma once

#include "core/engine/project.h"

#include <QWidget>

namespace fettle::ui {

class CourseChart : public QWidget {
    Q_OBJECT

public:
    explicit CourseChart(QWidget *parent = nullptr);
    // course: one loss for each reading, NaN where it was not read. labels: what stands below the first and the last reading.
    void show(std::vector<double> course, std::vector<data::LossBand> bands, const QString &firstLabel, const QString &lastLabel);
    using QWidget::show;
    [[nodiscard]] QSize sizeHint() const override { return {280, 132}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    std::vector<double> m_course;
    std::vector<data::LossBand> m_bands;
    QString m_firstLabel, m_lastLabel;
};

// The same as a line in a table cell, on a scale from 0 to highest.
void paintCourse(QPainter &painter, const QRectF &rect, const std::vector<double> &course, double highest, const QColor &colour);

} // namespace fettle::ui
