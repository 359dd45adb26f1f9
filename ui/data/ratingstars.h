// Five stars for the expert's own judgement of a record. Click sets, a click on the same star clears; keys 0 to 5, Left, Right.
#pragma once

#include <QWidget>

namespace fettle::ui {

class RatingStars : public QWidget {
    Q_OBJECT
public:
    explicit RatingStars(QWidget *parent = nullptr);
    [[nodiscard]] int rating() const { return m_rating; }
    void setRating(int rating); // 0: not rated, 1 to 5; tells nobody
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

signals:
    void ratingChosen(int rating);

protected:
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool event(QEvent *event) override;

private:
    void choose(int rating);
    int m_rating = 0;
};

} // namespace fettle::ui
