// See gaugestrip.h.
#include "ui/runs/gaugestrip.h"

#include "ui/data/flowlayout.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/words.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

QString gaugePercent(double share)
{
    return GaugeStrip::tr("%1 %").arg(qRound(share * 100));
}

QString gaugeDegrees(double celsius)
{
    return GaugeStrip::tr("%1 °C").arg(qRound(celsius));
}

// "93 %, 71 °C, 310 W", of what there is.
QString gaugeList(std::optional<double> share, std::optional<double> celsius, std::optional<double> watts)
{
    QStringList parts;
    if (share)
        parts << gaugePercent(*share);
    if (celsius)
        parts << gaugeDegrees(*celsius);
    if (watts)
        parts << GaugeStrip::tr("%1 W").arg(qRound(*watts));
    return parts.join(QStringLiteral(", "));
}

QString gaugeAmount(std::int64_t used, std::int64_t total)
{
    return GaugeStrip::tr("%1 of %2 GB").arg(gigabytesText(used), gigabytesText(total));
}

void addCards(std::vector<Gauge> &list, const std::vector<GpuFigures> &gpus)
{
    for (std::size_t i = 0; i < gpus.size(); ++i) {
        const GpuFigures &gpu = gpus[i];
        const QString name = gpus.size() == 1 ? GaugeStrip::tr("GPU") : GaugeStrip::tr("GPU %1").arg(i + 1);
        const QString card = QString::fromStdString(gpu.name);
        if (const QString figures = gaugeList(gpu.share, gpu.celsius, gpu.watts); !figures.isEmpty())
            list.push_back({name, figures, GaugeStrip::tr("%1: how much of its time the graphics card computes, how warm it is, what it draws.").arg(card)});
        if (gpu.memoryUsedBytes && gpu.memoryTotalBytes)
            list.push_back({GaugeStrip::tr("%1 memory").arg(name), gaugeAmount(*gpu.memoryUsedBytes, *gpu.memoryTotalBytes), GaugeStrip::tr("Memory of the graphics card %1 in use, by all programs.").arg(card)});
    }
}

} // namespace

std::vector<Gauge> gaugesOf(const engine::Gauges &gauges, const RunSpeed &speed)
{
    std::vector<Gauge> list;
    if (speed.now > 0) {
        const QString now = GaugeStrip::tr("%1 now").arg(countText(qRound64(speed.now)));
        list.push_back({GaugeStrip::tr("Tokens/s"), speed.mean > 0 ? GaugeStrip::tr("%1, mean %2").arg(now, countText(qRound64(speed.mean))) : now,
                        GaugeStrip::tr("Word pieces that the run reads in a second: in its newest step, and in the mean since it began.")});
    }
    if (const QString figures = gaugeList(gauges.sensors.processorShare, gauges.sensors.processorCelsius, {}); !figures.isEmpty())
        list.push_back({GaugeStrip::tr("Processor"), figures, GaugeStrip::tr("How much of its time the processor computes, all cores together and for all programs, and how warm it is.")});
    const engine::MemoryUse &memory = gauges.memory;
    if (memory.totalBytes > 0) {
        list.push_back({GaugeStrip::tr("Memory"), gaugeAmount(memory.totalBytes - memory.availableBytes, memory.totalBytes),
                        GaugeStrip::tr("Memory of this computer in use; Fettle itself uses %1.").arg(bytesText(memory.ownBytes))});
    }
    addCards(list, gauges.sensors.gpus);
    if (gauges.diskLeftBytes)
        list.push_back({GaugeStrip::tr("Disk"), GaugeStrip::tr("%1 left").arg(bytesText(*gauges.diskLeftBytes)), GaugeStrip::tr("Room for checkpoints and results where the project lies.")});
    return list;
}

GaugeStrip::GaugeStrip(QWidget *parent) : Pane(Surface::Window, Qt::TopEdge, parent)
{
    setObjectName(QStringLiteral("gauges"));
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(kPaneSide, kStep1 + 1, kPaneSide, kStep1);
    m_flow = new FlowLayout(kStep4, 0);
    outer->addLayout(m_flow);
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

void GaugeStrip::setGauges(const std::vector<Gauge> &gauges)
{
    while (m_places.size() < gauges.size()) {
        Place place{new QWidget(this), smallLabel({}), new TextLabel({}, TextSize::Small, Weight::SemiBold)};
        auto *line = new QHBoxLayout(place.whole);
        line->setContentsMargins(0, 0, 0, 0);
        line->setSpacing(kStep1 + 2);
        line->addWidget(place.name);
        line->addWidget(place.value);
        m_flow->addWidget(place.whole);
        m_places.push_back(place);
    }
    for (std::size_t i = 0; i < m_places.size(); ++i) {
        const Place &place = m_places[i];
        place.whole->setVisible(i < gauges.size());
        if (i >= gauges.size())
            continue;
        place.name->setText(gauges[i].name);
        place.value->setText(gauges[i].value);
        place.whole->setToolTip(gauges[i].help);
        place.whole->setAccessibleName(tr("%1: %2").arg(gauges[i].name, gauges[i].value));
        place.whole->setAccessibleDescription(gauges[i].help);
    }
}

} // namespace fettle::ui
