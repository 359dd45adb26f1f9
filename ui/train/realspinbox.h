// A field for numbers that span many orders of magnitude (0.0002): shown without trailing zeros, stepped in the size of the number.
#pragma once

#include <QDoubleSpinBox>

namespace fettle::ui {

class RealSpinBox : public QDoubleSpinBox {
    Q_OBJECT

public:
    explicit RealSpinBox(QWidget *parent = nullptr);
    [[nodiscard]] QString textFromValue(double value) const override;
    [[nodiscard]] double valueFromText(const QString &text) const override;
    QValidator::State validate(QString &text, int &position) const override;
    void stepBy(int steps) override;
};

// "0.0002", "12", "1024": as short as the number allows, never with an exponent.
[[nodiscard]] QString plainNumber(double value);

} // namespace fettle::ui
