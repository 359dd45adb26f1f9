// The memory of the computer as one bar: what other programs hold, what a run would take, what stays free. What is too much reaches over the mark.
#pragma once

#include "core/engine/fit.h"

#include <QColor>
#include <QWidget>

namespace fettle::ui {

enum class MemoryPart { Other, Weights, Optimizer, Gradients, Activations, Reserve, Free };
void paintMemoryPart(QPainter &painter, const QRectF &rect, MemoryPart part);

class MemoryBar : public QWidget {
    Q_OBJECT

public:
    explicit MemoryBar(QWidget *parent = nullptr);
    void setFit(const engine::FitResult &fit);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    engine::FitResult m_fit;
};

} // namespace fettle::ui
