// A few choices side by side, one of them chosen: Quick | Balanced | Thorough. Left and Right move between them.
#pragma once

#include <QStringList>
#include <QWidget>

namespace fettle::ui {

class Segmented : public QWidget {
    Q_OBJECT

public:
    explicit Segmented(const QStringList &choices, QWidget *parent = nullptr);

    [[nodiscard]] int current() const { return m_current; } // -1: none
    void setCurrent(int index); // tells nobody
    void setSegmentToolTip(int index, const QString &help);
    void setSegmentEnabled(int index, bool isEnabled);

    [[nodiscard]] QSize sizeHint() const override;

signals:
    void chosen(int index); // by the user

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool event(QEvent *event) override;

private:
    struct Segment { QString text, help; bool isEnabled = true; };
    [[nodiscard]] QRect segmentRect(int index) const;
    [[nodiscard]] int segmentAt(const QPoint &point) const;
    void choose(int index);

    QList<Segment> m_segments;
    int m_current = 0;
    int m_hovered = -1;
};

} // namespace fettle::ui
