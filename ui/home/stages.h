// The map of the work: four stages in one frame, each with a figure, a line, a bar on a common line, and a link.
#pragma once

#include "ui/theme/tokens.h"
#include "ui/widgets/card.h"

class QGridLayout;

namespace fettle::ui {

class ElidedLabel;
class Link;
class ProgressLine;
class TextLabel;

struct Stage {
    QString figure;     // "1,217 of 1,284"
    QString line;       // "records approved, 41 wait for review"
    double share = -1;  // of the bar; below 0: no bar
    Ink ink = Ink::BorderStrong;
    QString link;       // empty: none
};

class StageView : public QWidget {
    Q_OBJECT

public:
    StageView(const QString &title, const QString &iconName, QWidget *parent = nullptr);
    void show(const Stage &stage);

signals:
    void linkClicked();

private:
    ElidedLabel *m_figure;
    TextLabel *m_line;
    ProgressLine *m_bar;
    Link *m_link;
};

// The frame around four of them; two rows where the page is narrow.
class StageRow : public Card {
    Q_OBJECT

public:
    explicit StageRow(QWidget *parent = nullptr);
    [[nodiscard]] StageView *data() const { return m_stages[0]; }
    [[nodiscard]] StageView *train() const { return m_stages[1]; }
    [[nodiscard]] StageView *compare() const { return m_stages[2]; }
    [[nodiscard]] StageView *handOver() const { return m_stages[3]; }

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void arrange(int columns);

    QGridLayout *m_grid;
    StageView *m_stages[4];
    int m_columns = 0;
};

} // namespace fettle::ui
