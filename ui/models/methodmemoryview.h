// Memory that each method takes with a model, as bars against what is free; why a method is not possible; the button that measures.
#pragma once

#include "ui/bridge/bridge.h"

#include <QWidget>

class QVBoxLayout;

namespace fettle::ui {

class Button;
class TextLabel;

class MethodMemoryView : public QWidget {
    Q_OBJECT

public:
    explicit MethodMemoryView(Bridge &bridge, QWidget *parent = nullptr);
    ~MethodMemoryView() override;
    void show(const std::filesystem::path &model); // another one: a measurement of the last goes on and is remembered

private:
    void ask();
    void measure();
    void cancel();
    void showMemory(const engine::ModelMemory &memory);
    void showError(const Error &error);
    void showState();

    Bridge &m_bridge;
    std::filesystem::path m_model, m_measured; // shown; of the measurement under way
    JobId m_job = 0;
    bool m_isMeasured = false, m_isPossible = false;
    QVBoxLayout *m_rows;
    TextLabel *m_note;
    Button *m_measure, *m_cancel;
};

} // namespace fettle::ui
