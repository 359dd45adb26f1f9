// Legend and counts of the token lens in one element: a tile of each kind, its name, how many there are. Kinds without tokens stay out,
// except the trained ones, whose absence is the news.
#pragma once

#include "ui/data/tokentiles.h"

#include <QWidget>

#include <memory>

namespace fettle::ui {

class LensLegend : public QWidget {
    Q_OBJECT
public:
    explicit LensLegend(QWidget *parent = nullptr);
    void setTiles(std::shared_ptr<const TokenTiles> tiles);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    struct Entry { TokenFate fate; int count; };
    [[nodiscard]] std::vector<Entry> entries() const;
    std::shared_ptr<const TokenTiles> m_tiles;
};

} // namespace fettle::ui
