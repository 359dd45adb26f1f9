// Another number of epochs for a run that learns or is resumed: what it has, what is wished, and what that means for its end. Knows no bridge.
#pragma once

#include <QDialog>

#include <cstdint>

namespace fettle::ui {

class Button;
class RealSpinBox;
class TextLabel;

struct EpochFacts {
    double epochs = 0, done = 0;      // that the run has, and that are over
    std::int64_t steps = 0, step = 0; // the same in steps
    double secondsLeft = -1;          // below 0: unknown
    bool isAtRest = false;            // it is resumed with the number
};

class EpochDialog : public QDialog {
    Q_OBJECT

public:
    explicit EpochDialog(const EpochFacts &facts, QWidget *parent = nullptr);
    void setFacts(const EpochFacts &facts); // the run goes on while the dialog stands there
    [[nodiscard]] double epochs() const;

private:
    void showMeaning();
    [[nodiscard]] std::int64_t stepsOf(double epochs) const;

    EpochFacts m_facts;
    TextLabel *m_now, *m_meaning;
    RealSpinBox *m_wished;
    Button *m_change;
};

} // namespace fettle::ui
