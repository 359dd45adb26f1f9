// One line of sampling settings, the same for every column: seed, temperature, top p, top k, longest answer, greedy.
#pragma once

#include "core/engine/playground.h"

#include <QWidget>

class QCheckBox;
class QDoubleSpinBox;
class QLineEdit;
class QSpinBox;

namespace fettle::ui {

class ElidedLabel;

class SamplingBar : public QWidget {
    Q_OBJECT

public:
    explicit SamplingBar(QWidget *parent = nullptr);
    [[nodiscard]] engine::Sampling sampling() const;
    [[nodiscard]] static QString textOf(const engine::Sampling &sampling); // "seed 1207, temperature 0.7, ..."
    void setSeed(quint64 seed);
    void chooseAnotherSeed();
    void setNarrow(bool isNarrow); // the lock alone says that the settings are shared

private:
    QLineEdit *m_seed;
    QDoubleSpinBox *m_temperature, *m_topP;
    QSpinBox *m_topK, *m_longest;
    QCheckBox *m_greedy;
    ElidedLabel *m_note;
};

} // namespace fettle::ui
