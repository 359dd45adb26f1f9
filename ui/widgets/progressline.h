// A thin bar that fills: jobs, shares, counts. No shimmer; an unknown total shows an empty track.
#pragma once

#include "ui/theme/tokens.h"

#include <QWidget>

namespace fettle::ui {

class ProgressLine : public QWidget {
    Q_OBJECT

public:
    explicit ProgressLine(QWidget *parent = nullptr);
    void setShare(double share); // 0 to 1; below 0: unknown
    [[nodiscard]] double share() const { return m_share; }
    void setInk(Ink ink);        // Accent at the start
    void setThickness(int thickness); // 6 at the start
    [[nodiscard]] QSize sizeHint() const override { return {120, m_thickness}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    double m_share = -1;
    Ink m_ink = Ink::Accent;
    int m_thickness = 6;
};

} // namespace fettle::ui
