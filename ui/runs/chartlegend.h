// The key of the loss chart: a piece of each line and its name. Follows the theme by itself.
#pragma once

#include <QWidget>

namespace fettle::ui {

class ChartLegend : public QWidget {
    Q_OBJECT

public:
    explicit ChartLegend(QWidget *parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
};

} // namespace fettle::ui
