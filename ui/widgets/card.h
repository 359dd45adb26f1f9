// Surfaces: a card (rounded, framed) and a flat pane. They paint themselves, so children need no style sheets.
#pragma once

#include "ui/theme/tokens.h"

#include <QWidget>

namespace fettle::ui {

// Surface 1 in a 1-px frame of radius 8. Used where a page is read as separate steps (Home, Train).
class Card : public QWidget {
    Q_OBJECT

public:
    explicit Card(QWidget *parent = nullptr);
    void setHighlighted(bool isHighlighted); // 2-px accent frame: the chosen one

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    bool m_isHighlighted = false;
};

// The lowest strip of a card: surface 0 below a line, with the card's round corners. Lies 1 px inside the card's frame.
class CardFoot : public QWidget {
    Q_OBJECT

public:
    explicit CardFoot(QWidget *parent = nullptr);

protected:
    void paintEvent(QPaintEvent *event) override;
};

enum class Surface { Window, Page, Quiet }; // surface 0, 1, 2

// A flat surface with lines on the sides that are asked for.
class Pane : public QWidget {
    Q_OBJECT

public:
    explicit Pane(Surface surface, Qt::Edges lines = {}, QWidget *parent = nullptr);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    Surface m_surface;
    Qt::Edges m_lines;
};

} // namespace fettle::ui
