// Colour by probability shift: how much likelier a column finds one of its words than the model beside it. The five steps, their colours, and the
// legend that says what they mean. Knows no engine.
#pragma once

#include <QWidget>

class QTextCharFormat;

namespace fettle::ui {

// 0: less likely by more than 50 points, 1: by more than 10, 2: about the same, 3 and 4: likelier. Both are probabilities.
[[nodiscard]] int shiftStep(float own, float other);
void shadeByShift(QTextCharFormat &format, int step); // lines too, so that it is seen without colour

class ShiftLegend : public QWidget {
    Q_OBJECT

public:
    explicit ShiftLegend(QWidget *parent = nullptr);
    void setNote(const QString &note); // behind the steps: what is under way or missing
    [[nodiscard]] QString note() const { return m_note; }
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return {120, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_note;
};

} // namespace fettle::ui
