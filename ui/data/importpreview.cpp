#include "ui/data/importpreview.h"

#include "ui/data/flowlayout.h"
#include "ui/data/recordwords.h"
#include "ui/theme/shapes.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QScrollArea>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

// Surface 0 in a frame of radius 6, as inner panels have.
class Panel : public QWidget {
protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        drawBox(painter, rect(), tokens().surface0, tokens().border, kRadiusInner);
    }
};

} // namespace

ImportPreview::ImportPreview(QWidget *parent) : QWidget(parent)
{
    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(kPaneSide, kStep2, kPaneSide, kPaneTop);
    all->setSpacing(kStep2);
    auto *head = new QHBoxLayout;
    head->setSpacing(kStep2);
    m_position = mutedLabel({});
    m_previous = iconButton(QStringLiteral("chevron-left"), tr("Previous record of the preview"));
    m_next = iconButton(QStringLiteral("chevron-right"), tr("Next record of the preview"));
    head->addWidget(strongLabel(tr("Preview")));
    head->addWidget(m_position);
    head->addStretch(1);
    head->addWidget(m_previous);
    head->addWidget(m_next);
    all->addLayout(head);
    m_card = new Panel;
    m_column = new QVBoxLayout(m_card);
    m_column->setContentsMargins(kStep3, kStep3, kStep3, kStep3);
    m_column->setSpacing(2);
    auto *holder = new QWidget;
    holder->setBackgroundRole(QPalette::Base);
    auto *holderColumn = new QVBoxLayout(holder);
    holderColumn->setContentsMargins(0, 0, 0, 0);
    holderColumn->addWidget(m_card);
    holderColumn->addStretch(1);
    auto *scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setBackgroundRole(QPalette::Base);
    scroll->setWidget(holder);
    all->addWidget(scroll, 1);
    connect(m_previous, &QAbstractButton::clicked, this, [this] { show(m_index - 1); });
    connect(m_next, &QAbstractButton::clicked, this, [this] { show(m_index + 1); });
    setRecords({});
}

void ImportPreview::setRecords(std::vector<data::Record> records, const QString &instead)
{
    m_instead = instead;
    m_records = std::move(records);
    show(std::min(m_index, static_cast<int>(m_records.size()) - 1));
}

void ImportPreview::show(int index)
{
    m_index = std::max(0, index);
    while (QLayoutItem *item = m_column->takeAt(0)) {
        if (item->widget())
            delete item->widget();
        else if (item->layout())
            delete item->layout();
        delete item;
    }
    m_text.clear();
    const int count = static_cast<int>(m_records.size());
    m_previous->setEnabled(m_index > 0);
    m_next->setEnabled(m_index + 1 < count);
    m_position->setText(count == 0 ? QString() : tr("record %1 of the first %2").arg(countText(m_index + 1), countText(count)));
    const auto addField = [this](const QString &name, const QString &text) {
        if (m_column->count() > 0)
            m_column->addSpacing(kStep2);
        m_column->addWidget(sectionLabel(name));
        auto *label = new TextLabel(text.isEmpty() ? tr("Empty") : text, TextSize::Body, Weight::Regular, text.isEmpty() ? Ink::Bad : Ink::Text);
        label->setWordWrap(true);
        m_column->addWidget(label);
        m_text += text + QLatin1Char('\n');
    };
    if (count == 0) {
        auto *label = mutedLabel(m_instead);
        label->setWordWrap(true);
        m_text = m_instead;
        m_column->addWidget(label);
        return;
    }
    const data::Record &record = m_records[static_cast<std::size_t>(m_index)];
    const bool isPair = data::isPair(record);
    for (const data::Turn &turn : record.turns) {
        const bool isQuestion = turn.role == data::Role::User;
        addField(isPair && isQuestion ? tr("Instruction") : isPair && turn.role == data::Role::Assistant ? tr("Response") : roleName(turn.role),
                 QString::fromStdString(turn.text));
        if (isQuestion && isPair && !record.context.empty())
            addField(tr("Context"), QString::fromStdString(record.context));
    }
    if (!record.tags.empty()) {
        auto *tags = new QWidget;
        auto *flow = new FlowLayout(kStep2, kStep1, tags);
        for (const std::string &tag : record.tags)
            flow->addWidget(new Badge(QString::fromStdString(tag)));
        m_column->addSpacing(kStep2);
        m_column->addWidget(tags);
    }
}

} // namespace fettle::ui
