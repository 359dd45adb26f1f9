// One line of a chart in its legend: a piece of the line, its name, the value under the pointer. Pressing it hides the line or shows it again.
#pragma once

#include <QAbstractButton>
#include <QPixmap>

class QCPScatterStyle;

namespace fettle::ui {

class LineToggle : public QAbstractButton {
    Q_OBJECT

public:
    // series: colour and mark of the line, see seriesMark. help: one plain sentence.
    LineToggle(const QString &name, int series, const QString &help, QWidget *parent = nullptr);
    void setValue(const QString &value); // empty: none
    [[nodiscard]] QString value() const { return m_value; }
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    int m_series;
    QString m_value;
};

// The line of a series with its mark, for a table beside the chart.
[[nodiscard]] QPixmap seriesSample(int series, qreal pixelRatio);
// Colour alone is never the only sign: each series has a mark of its own.
[[nodiscard]] QCPScatterStyle seriesMark(int series);

} // namespace fettle::ui
