// Legend and counts of the token lens in one element: a tile of each kind, its name, how many there are. Kinds without tokens stay out,
// except the trained ones, whose absence is the news.
#pragma once

#include "ui/data/tokentiles.h"

#include <QWidget>

#include <memory>
#include <optional>

namespace fettle::ui {

class LensLegend : public QWidget {
    Q_OBJECT
public:
    explicit LensLegend(QWidget *parent = nullptr);
    void setTiles(std::shared_ptr<const TokenTiles> tiles);
    // Shaded by loss instead: the steps and the mean over the trained tokens. of: whose loss it is.
    void setLosses(const QString &of, std::optional<double> mean);
    void setWaiting(const QString &text); // while losses are computed, or why there are none
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    struct Entry { TokenFate fate; int count; };
    [[nodiscard]] std::vector<Entry> entries() const;
    void paintLosses(QPainter &painter) const;
    std::shared_ptr<const TokenTiles> m_tiles;
    bool m_showsLosses = false;
    QString m_of; // whose loss it is and how large, or why there is none
};

} // namespace fettle::ui
