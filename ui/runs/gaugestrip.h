// How busy, full and warm the machine is while a run learns, in one line or two: speed, processor, memory, graphics cards, disk. Knows no bridge.
#pragma once

#include "core/engine/machine.h"
#include "ui/widgets/card.h"

#include <QString>

#include <vector>

class QLabel;

namespace fettle::ui {

class FlowLayout;

struct Gauge { QString name, value, help; };
// In tokens in a second; 0: not known yet. mean: of the whole run.
struct RunSpeed { double now = 0, mean = 0; };
// Only what is known.
[[nodiscard]] std::vector<Gauge> gaugesOf(const engine::Gauges &gauges, const RunSpeed &speed);

class GaugeStrip : public Pane {
    Q_OBJECT

public:
    explicit GaugeStrip(QWidget *parent = nullptr);
    void setGauges(const std::vector<Gauge> &gauges);

private:
    struct Place { QWidget *whole; QLabel *name, *value; };
    FlowLayout *m_flow;
    std::vector<Place> m_places;
};

} // namespace fettle::ui
