// The head of a page, 48 px: title, one line of state, actions at the right.
#pragma once

#include <QWidget>

class QHBoxLayout;

namespace fettle::ui {

class ElidedLabel;
class TextLabel;

class PageHead : public QWidget {
    Q_OBJECT

public:
    explicit PageHead(const QString &title, QWidget *parent = nullptr);
    void setTitle(const QString &title);
    void setState(const QString &state);
    void addAfterTitle(QWidget *widget); // badge or segments between title and state
    void addAction(QWidget *widget);     // from left to right, at the right end

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    TextLabel *m_title;
    ElidedLabel *m_state;
    QHBoxLayout *m_afterTitle;
    QHBoxLayout *m_actions;
};

} // namespace fettle::ui
