// One model that cannot be used as it is: its name, the reason in words, and what can be done.
#pragma once

#include "ui/theme/tokens.h"

#include <QWidget>

class QHBoxLayout;

namespace fettle::ui {

class Link;

class UnusableRow : public QWidget {
    Q_OBJECT

public:
    UnusableRow(const QString &name, const QString &reason, const QString &iconName, Ink ink, QWidget *parent = nullptr);
    // help: one plain sentence; screen readers hear the name of the model too.
    Link *addLink(const QString &text, const QString &help);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_name;
    QHBoxLayout *m_row;
};

} // namespace fettle::ui
