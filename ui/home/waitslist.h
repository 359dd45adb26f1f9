// "Waits for you": at most five rows, worst first, each with the button that opens the exact place. Hidden while empty.
#pragma once

#include "ui/home/homefacts.h"
#include "ui/widgets/card.h"

class QVBoxLayout;

namespace fettle::ui {

class WaitsList : public Card {
    Q_OBJECT

public:
    explicit WaitsList(QWidget *parent = nullptr);
    void show(const std::vector<Waiting> &rows);

signals:
    void chosen(const fettle::ui::Waiting &row);

private:
    QVBoxLayout *m_rows;
    std::vector<Waiting> m_shown;
};

} // namespace fettle::ui
