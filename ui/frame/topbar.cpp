// See topbar.h.
#include "ui/frame/topbar.h"

#include "ui/frame/topbarparts.h"
#include "ui/widgets/button.h"

#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>

namespace fettle::ui {

using namespace measure;

namespace {

Button *actionButton(QAction *action, const QString &iconName)
{
    auto *button = iconButton(iconName, action->text());
    const auto follow = [button, action] {
        button->setEnabled(action->isEnabled());
        button->setToolTip(action->toolTip());
        button->setAccessibleName(action->text());
    };
    follow();
    QObject::connect(action, &QAction::changed, button, follow);
    QObject::connect(button, &QPushButton::clicked, action, &QAction::trigger);
    return button;
}

} // namespace

TopBar::TopBar(QAction *undo, QAction *redo, QAction *commandBar, QAction *help, QWidget *parent) : QWidget(parent)
{
    setFixedHeight(qRound(kTopBar * textScale()));
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(kPaneSide - 2, 0, kPaneSide - 4, 1);
    row->setSpacing(kStep2);
    m_project = new ProjectButton;
    m_model = new ModelChip;
    m_field = new CommandField(commandBar);
    connect(m_model, &ModelChip::clicked, this, &TopBar::modelClicked);
    row->addWidget(m_project);
    row->addWidget(m_model);
    row->addSpacing(kStep4);
    row->addWidget(actionButton(undo, QStringLiteral("undo-2")));
    row->addWidget(actionButton(redo, QStringLiteral("redo-2")));
    row->addStretch(1);
    row->addWidget(m_field);
    row->addStretch(1);
    row->addWidget(actionButton(help, QStringLiteral("circle-question-mark")));
    setProjectName({});
}

void TopBar::setProjectName(const QString &name)
{
    m_project->setText(name.isEmpty() ? tr("No project") : name);
}

void TopBar::setModel(const QString &name, const QString &toolTip)
{
    m_model->setText(name);
    m_model->setToolTip(toolTip);
}

void TopBar::setNarrow(bool isNarrow)
{
    m_field->setNarrow(isNarrow);
}

void TopBar::setProjectMenu(QMenu *menu)
{
    connect(m_project, &ProjectButton::clicked, this,
            [this, menu] { menu->popup(m_project->mapToGlobal(QPoint(0, m_project->height() + 4))); });
}

QWidget *TopBar::commandField() const
{
    return m_field;
}

void TopBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), tokens().surface0);
    painter.fillRect(0, height() - 1, width(), 1, tokens().border);
}

} // namespace fettle::ui
