// The Runs page in the window of WindowFixture: runs with curves of their own, and a run that goes on step by step as the gate lets it.
#pragma once

#include "tests/ui/support/windowfixture.h"
#include "ui/runs/runspage.h"

namespace fettle::ui {

class Button;

struct RunsPageFixture {
    explicit RunsPageFixture(const QString &name) : window(name) {}

    void start(); // before each test: 20 records, and an engine that does a step for each release of the gate
    void end();
    void open(); // the project and the page; the list is read then
    // A run of the past with points up to step done, evaluations and checkpoints every 20 steps (isBig: 50 of them).
    void addRun(int id, engine::RunState state, int steps, int done, bool isBig = false);
    void startRun();
    template <class T>
    [[nodiscard]] T *find() const { return page->findChild<T *>(); }
    [[nodiscard]] Button *button(const QString &start) const; // one that is seen; null: none
    // Shown and ready to be pressed: while a page reads, a button may be there and still wait.
    [[nodiscard]] bool isOffered(const QString &start) const;
    [[nodiscard]] QString badge() const;
    [[nodiscard]] engine::RunState stored(int id) const;
    [[nodiscard]] QWidget *plot() const; // takes the mouse in the loss chart

    WindowFixture window;
    RunsPage *page = nullptr;
};

} // namespace fettle::ui
