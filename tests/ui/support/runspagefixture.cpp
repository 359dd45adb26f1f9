// See runspagefixture.h.
#include "tests/ui/support/runspagefixture.h"

#include "ui/runs/losschart.h"
#include "ui/runs/runlist.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/button.h"

#include <QDateTime>
#include <QTest>

#include <cmath>

namespace fettle::ui {

using engine::RunState;

void RunsPageFixture::start()
{
    window.start(20);
    window.engine->runSteps = 60;
    window.engine->beforeStep = [steps = window.gate](int) { steps->acquire(); };
}

void RunsPageFixture::end()
{
    page = nullptr;
    window.end();
}

void RunsPageFixture::open()
{
    page = qobject_cast<RunsPage *>(window.openPage(QStringLiteral("runs")));
    QVERIFY(page);
    QTRY_COMPARE(find<RunListModel>()->rowCount(), int(window.state->runs.size()));
}

void RunsPageFixture::addRun(int id, RunState state, int steps, int done, bool isBig)
{
    engine::RunInfo run;
    run.id = RunId{id};
    run.name = "Run " + std::to_string(id);
    run.state = state;
    run.method = "lora";
    run.modelName = "SmolLM2-135M-Instruct";
    run.snapshot = SnapshotId{6};
    run.recipeJson = R"({"method": "lora", "rank": 16, "learningRate": 0.001, "seed": 1207, "epochs": 3.0, "schedule": "cosine"})";
    run.steps = steps;
    run.step = done;
    run.started = QDateTime::currentDateTime().addSecs(-90'000LL * (9 - id)).toString(Qt::ISODate).toStdString();
    run.seconds = done * 3.9;
    run.tokens = done * 2048LL;
    auto &points = window.state->metrics[id];
    const int every = isBig ? steps / 50 : 20;
    quint32 chance = 7; // the same picture at each call
    for (int step = 1; step <= done; ++step) {
        chance = chance * 1664525U + 1013904223U;
        const double noise = (double(chance >> 8) / double(1 << 24) - 0.5);
        const double where = double(step) / steps;
        engine::MetricPoint point;
        point.step = step;
        point.epoch = 3.0 * where;
        point.loss = 0.75 + 2.1 * std::exp(-where * 5.5) + noise * 0.32;
        point.learningRate = 1e-3 * std::min(1.0, where * 20) * (1 - where);
        point.gradNorm = 0.4 + std::exp(-where * 12) + noise * 0.1 + (step == steps / 2 ? 2.4 : 0);
        point.tokensPerSecond = 541 + noise * 30;
        point.tokens = step * 2048LL;
        point.peakBytes = 3'100'000'000 + std::int64_t(6e8 * std::min(1.0, where * 4));
        point.seconds = step * 3.9;
        points.push_back(point);
        if (step % every == 0) {
            window.state->evals[id].push_back({step, 1.25 + 1.5 * std::exp(-where * 4.5), 5000});
            run.evalLoss = window.state->evals[id].back().loss;
            window.state->checkpoints[id].push_back({step, "checkpoint", run.evalLoss});
        }
    }
    if (state == RunState::Failed)
        run.failure = "The disk \"Data\" is full. The checkpoint needs 59 MB, 12 MB are free.";
    window.state->runs.push_back(run);
}

void RunsPageFixture::startRun()
{
    engine::TrainRequest request;
    request.recipe.method = "lora";
    request.snapshot = SnapshotId{1};
    window.bridge->startRun(request);
}

Button *RunsPageFixture::button(const QString &start) const
{
    for (auto *candidate : page->findChildren<Button *>()) {
        if (candidate->isVisible() && !candidate->text().isEmpty() && candidate->text().startsWith(start))
            return candidate;
    }
    return nullptr;
}

bool RunsPageFixture::isOffered(const QString &start) const
{
    const Button *found = button(start);
    return found && found->isEnabled();
}

QString RunsPageFixture::badge() const
{
    return find<Badge>()->text();
}

RunState RunsPageFixture::stored(int id) const
{
    const std::scoped_lock lock(window.state->mutex);
    return window.state->runs.at(std::size_t(id - 1)).state;
}

QWidget *RunsPageFixture::plot() const
{
    for (auto *child : find<LossChart>()->findChildren<QWidget *>()) {
        if (child->inherits("QCustomPlot"))
            return child;
    }
    return nullptr;
}

} // namespace fettle::ui
