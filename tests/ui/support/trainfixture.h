// The window on the stand-in engine, for the tests of the Train page: what was planned and trained is kept, and a run stops at its first step
// until the test opens the gate.
#pragma once

#include "tests/ui/support/windowfixture.h"

#include <QAbstractSpinBox>
#include <QTest>

#include <mutex>

namespace fettle::ui {

class TrainFixture : public WindowFixture {
public:
    using WindowFixture::WindowFixture;

    void startTrain()
    {
        start(100);
        m_seen = std::make_shared<Seen>();
        state->settings["baseModel"] = "\"SmolLM2-135M-Instruct\"";
        engine->changePlan = [seen = m_seen](const fettle::engine::TrainRequest &request, fettle::engine::TrainPlan &) {
            const std::scoped_lock lock(seen->mutex);
            seen->planned.push_back(request);
        };
        engine->beforeRun = [seen = m_seen](const fettle::engine::TrainRequest &request) {
            const std::scoped_lock lock(seen->mutex);
            seen->trained.push_back(request);
        };
        engine->beforeStep = [held = gate](int) { held->acquire(); };
    }
    // Replaces what stands in a number field, key by key.
    static void type(QAbstractSpinBox *box, const QString &text)
    {
        box->setFocus();
        box->selectAll();
        QTest::keyClicks(box, text);
    }
    [[nodiscard]] fettle::engine::TrainRequest lastPlanned() const
    {
        const std::scoped_lock lock(m_seen->mutex);
        return m_seen->planned.empty() ? fettle::engine::TrainRequest{} : m_seen->planned.back();
    }
    [[nodiscard]] std::vector<fettle::engine::TrainRequest> trained() const
    {
        const std::scoped_lock lock(m_seen->mutex);
        return m_seen->trained;
    }

private:
    struct Seen { std::mutex mutex; std::vector<fettle::engine::TrainRequest> planned, trained; };
    std::shared_ptr<Seen> m_seen;
};

} // namespace fettle::ui
