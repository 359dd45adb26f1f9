// The first optimiser step as the model will read it: each packed row a bar, each record a tile in it, context light, trained parts shaded.
#pragma once

#include "core/engine/training.h"

#include <QWidget>

namespace fettle::ui {

class BatchPreview : public QWidget {
    Q_OBJECT

public:
    explicit BatchPreview(QWidget *parent = nullptr);
    void setPlan(const engine::TrainPlan &plan);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return {120, sizeHint().height()}; }
    [[nodiscard]] qint64 filled() const { return m_filled; }
    [[nodiscard]] qint64 trained() const { return m_trained; }
    [[nodiscard]] int records() const { return m_records; }
    [[nodiscard]] int rows() const { return static_cast<int>(m_batch.size()); }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    std::vector<std::vector<engine::TrainPlan::Document>> m_batch;
    qint64 m_capacity = 1, m_filled = 0, m_trained = 0;
    int m_records = 0;
};

} // namespace fettle::ui
