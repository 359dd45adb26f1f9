// One model that cannot be used, with the reason in words.
#pragma once

#include "core/engine/models.h"

#include <QWidget>

namespace fettle::ui {

class UnusableRow : public QWidget {
    Q_OBJECT

public:
    explicit UnusableRow(const engine::Inspection &model, QWidget *parent = nullptr);

signals:
    void detailsWanted();

protected:
    void paintEvent(QPaintEvent *event) override;
};

} // namespace fettle::ui
