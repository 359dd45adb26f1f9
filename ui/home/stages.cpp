// See stages.h.
#include "ui/home/stages.h"

#include "ui/widgets/labels.h"
#include "ui/widgets/progressline.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kTwoRowsBelow = 760;

} // namespace

StageView::StageView(const QString &title, const QString &iconName, QWidget *parent) : QWidget(parent)
{
    setAccessibleName(title);
    setMinimumWidth(150);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3 + 2);
    column->setSpacing(0);
    auto *head = new QHBoxLayout;
    head->setSpacing(kStep2);
    head->addWidget(new IconLabel(iconName, Ink::Muted));
    head->addWidget(strongLabel(title));
    head->addStretch(1);
    column->addLayout(head);
    column->addSpacing(6);
    m_figure = new ElidedLabel({}, TextSize::Title, Weight::SemiBold);
    column->addWidget(m_figure);
    m_line = mutedLabel({});
    m_line->setWordWrap(true);
    m_line->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_line->setMinimumHeight(qRound(40 * textScale())); // two lines, so that the bars share one line
    column->addWidget(m_line);
    column->addStretch(1);
    column->addSpacing(kStep2);
    m_bar = new ProgressLine;
    m_bar->setAccessibleName(title);
    QSizePolicy policy = m_bar->sizePolicy();
    policy.setRetainSizeWhenHidden(true); // the links share one line too
    m_bar->setSizePolicy(policy);
    column->addWidget(m_bar);
    column->addSpacing(kStep3 + 2);
    m_link = new Link({}, QStringLiteral("arrow-right"));
    m_link->setVisible(false);
    connect(m_link, &Link::clicked, this, &StageView::linkClicked);
    column->addWidget(m_link);
}

void StageView::show(const Stage &stage)
{
    m_figure->setText(stage.figure);
    m_line->setText(stage.line);
    m_bar->setInk(stage.ink);
    m_bar->setShare(stage.share);
    m_bar->setVisible(stage.share >= 0);
    m_link->setText(stage.link);
    m_link->setVisible(!stage.link.isEmpty());
    m_link->updateGeometry();
    setAccessibleDescription(stage.figure + QStringLiteral(" ") + stage.line);
}

StageRow::StageRow(QWidget *parent) : Card(parent)
{
    m_grid = new QGridLayout(this);
    m_grid->setContentsMargins(1, 1, 1, 1);
    m_grid->setSpacing(0);
    const std::pair<QString, QString> parts[] = {{tr("Data"), QStringLiteral("database")},
                                                 {tr("Train"), QStringLiteral("activity")},
                                                 {tr("Compare"), QStringLiteral("columns-2")},
                                                 {tr("Hand over"), QStringLiteral("share")}};
    for (int i = 0; i < 4; ++i)
        m_stages[i] = new StageView(parts[i].first, parts[i].second, this);
    arrange(4);
}

void StageRow::arrange(int columns)
{
    if (columns == m_columns)
        return;
    m_columns = columns;
    for (int i = 0; i < 4; ++i) {
        m_grid->removeWidget(m_stages[i]);
        m_grid->setColumnStretch(i, i < columns ? 1 : 0);
    }
    for (int i = 0; i < 4; ++i)
        m_grid->addWidget(m_stages[i], i / columns, i % columns);
    updateGeometry();
}

void StageRow::resizeEvent(QResizeEvent *event)
{
    arrange(width() < kTwoRowsBelow ? 2 : 4);
    Card::resizeEvent(event);
}

void StageRow::paintEvent(QPaintEvent *event)
{
    Card::paintEvent(event);
    QPainter painter(this);
    for (int i = 0; i < 4; ++i) {
        const QRect rect = m_stages[i]->geometry();
        if (i % m_columns > 0)
            painter.fillRect(rect.x(), rect.y(), 1, rect.height(), tokens().border);
        if (i >= m_columns)
            painter.fillRect(rect.x(), rect.y(), rect.width(), 1, tokens().border);
    }
}

} // namespace fettle::ui
