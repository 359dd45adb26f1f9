// See unusablerow.h.
#include "ui/models/unusablerow.h"

#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPainter>

namespace fettle::ui {

using namespace measure;

UnusableRow::UnusableRow(const engine::Inspection &model, QWidget *parent) : QWidget(parent)
{
    setFixedHeight(qRound(kRow * textScale()));
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(kPaneSide, 0, kPaneSide, 1);
    row->setSpacing(kStep2);
    row->addWidget(new IconLabel(QStringLiteral("circle-x"), Ink::Bad, kIconSmall));
    auto *name = new ElidedLabel(QString::fromStdString(model.name), TextSize::Body, Weight::Regular, Ink::Muted);
    row->addWidget(name, 2);
    const QString reason = model.problems.empty() ? tr("Cannot be trained.") : QString::fromStdString(model.problems.front().message);
    row->addWidget(new ElidedLabel(reason, TextSize::Body, Weight::Regular, Ink::Muted), 4);
    auto *details = new Link(tr("Details"));
    details->setAccessibleName(tr("Details of %1").arg(name->text()));
    connect(details, &Link::clicked, this, &UnusableRow::detailsWanted);
    row->addWidget(details);
}

void UnusableRow::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(0, height() - 1, width(), 1, tokens().grid);
}

} // namespace fettle::ui
