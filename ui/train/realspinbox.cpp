#include "ui/train/realspinbox.h"

#include <algorithm>
#include <cmath>

namespace fettle::ui {

QString plainNumber(double value)
{
    // Twelve significant digits hide what binary fractions add: 0.0002 stays 0.0002.
    const double rounded = QString::number(value, 'g', 12).toDouble();
    for (int decimals = 0; decimals < 16; ++decimals) {
        const QString shorter = QString::number(rounded, 'f', decimals);
        if (shorter.toDouble() == rounded)
            return shorter;
    }
    return QString::number(rounded, 'f', 16);
}

RealSpinBox::RealSpinBox(QWidget *parent) : QDoubleSpinBox(parent)
{
    setDecimals(16);
    setKeyboardTracking(false);
}

QString RealSpinBox::textFromValue(double value) const
{
    return plainNumber(value);
}

double RealSpinBox::valueFromText(const QString &text) const
{
    QString number = text;
    if (!suffix().isEmpty() && number.endsWith(suffix()))
        number.chop(suffix().size());
    return number.trimmed().replace(QLatin1Char(','), QLatin1Char('.')).toDouble();
}

QValidator::State RealSpinBox::validate(QString &text, int &) const
{
    QString number = text;
    if (!suffix().isEmpty() && number.endsWith(suffix()))
        number.chop(suffix().size());
    number = number.trimmed().replace(QLatin1Char(','), QLatin1Char('.'));
    bool isNumber = false;
    const double value = number.toDouble(&isNumber);
    if (isNumber)
        return value >= minimum() && value <= maximum() ? QValidator::Acceptable : QValidator::Intermediate;
    // What may still become a number: "", "1e-", "."
    for (const QChar c : number)
        if (!c.isDigit() && !QStringLiteral(".eE+-").contains(c))
            return QValidator::Invalid;
    return QValidator::Intermediate;
}

void RealSpinBox::stepBy(int steps)
{
    double next = value();
    for (int i = 0; i < std::abs(steps); ++i) {
        const double size = next > 0 ? std::pow(10.0, std::floor(std::log10(next) + (steps < 0 ? -1e-9 : 1e-9))) : std::max(minimum(), 0.01);
        next += steps > 0 ? size : -size;
    }
    setValue(std::clamp(next, minimum(), maximum()));
}

} // namespace fettle::ui
