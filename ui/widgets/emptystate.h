// What a page shows when it has nothing: a drawing, one sentence, one button, quiet links. The whole pane is the drop target where the
// page says so (the page accepts the drop; this widget draws the dashed line).
#pragma once

#include <QWidget>

class QHBoxLayout;
class QVBoxLayout;

namespace fettle::ui {

class Button;
class Link;

class EmptyState : public QWidget {
    Q_OBJECT

public:
    explicit EmptyState(const QString &iconName, const QString &sentence, QWidget *parent = nullptr);

    Button *addButton(const QString &text, const QString &iconName = {}, const QString &keyHint = {}); // the filled one
    void addHint(const QString &text); // small muted line below the button
    Link *addLink(const QString &text);
    void setDropTarget(bool isDropTarget); // dashed line around the pane
    void setDropHighlighted(bool isHighlighted);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QVBoxLayout *m_column = nullptr;
    QHBoxLayout *m_links = nullptr;
    bool m_isDropTarget = false;
    bool m_isHighlighted = false;
};

} // namespace fettle::ui
