// The findings of the run doctor, one block each: what, what to do, where it shows, and a button; below them what was found in order. Knows no bridge.
#pragma once

#include "ui/runs/rundoctor.h"

#include <QWidget>

class QVBoxLayout;

namespace fettle::ui {

class TextLabel;

class DoctorPane : public QWidget {
    Q_OBJECT

public:
    explicit DoctorPane(QWidget *parent = nullptr);
    void setDiagnosis(Diagnosis diagnosis, bool hasSteps);
    void showReading(); // until setDiagnosis: says that the run is being read, where nothing is listed yet
    [[nodiscard]] const std::vector<RunFinding> &findings() const { return m_findings; }

signals:
    void showWished(const fettle::ui::RunFinding &finding);
    void cureWished(const fettle::ui::RunFinding &finding);

private:
    void addBlock(const RunFinding &finding);
    void showSound(std::vector<SoundCheck> sound);

    std::vector<RunFinding> m_findings;
    std::vector<SoundCheck> m_sound;
    QVBoxLayout *m_column;
    TextLabel *m_nothing;
    QWidget *m_soundPane = nullptr;
    QList<QWidget *> m_blocks;
};

} // namespace fettle::ui
