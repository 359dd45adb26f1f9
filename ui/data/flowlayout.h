// Puts widgets side by side and goes on in the next line where the width ends. For rows of tags.
#pragma once

#include <QLayout>
#include <QList>

namespace fettle::ui {

class FlowLayout : public QLayout {
public:
    FlowLayout(int horizontalGap, int verticalGap, QWidget *parent = nullptr);
    ~FlowLayout() override;

    void addItem(QLayoutItem *item) override;
    void insertWidget(int index, QWidget *widget);
    int count() const override { return static_cast<int>(m_items.size()); }
    QLayoutItem *itemAt(int index) const override;
    QLayoutItem *takeAt(int index) override;
    Qt::Orientations expandingDirections() const override { return {}; }
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize sizeHint() const override { return minimumSize(); }
    QSize minimumSize() const override;
    void setGeometry(const QRect &rect) override;

private:
    int arrange(const QRect &rect, bool isDry) const; // returns the height used

    QList<QLayoutItem *> m_items;
    int m_horizontalGap, m_verticalGap;
};

} // namespace fettle::ui
