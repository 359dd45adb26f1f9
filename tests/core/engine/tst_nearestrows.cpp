// "Why did it say that?" on the tiny chat model: the index of a run's training rows, what is near, and when the index no longer holds.
#include "core/torch.h"

#include "core/engine/playground.h"
#include "core/engine/project.h"
#include "core/generate/generator.h"
#include "core/model/decoder.h"
#include "core/tune/lora.h"
#include "core/tune/peftfolder.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace fettle;
using namespace fettle::engine;
namespace fs = std::filesystem;

namespace {

const std::string kModel = FETTLE_FIXTURES "/tinychat";

} // namespace

class TestNearestRows : public QObject {
    Q_OBJECT
private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        auto created = Project::create(path() / "p.fettle");
        VERIFY_OK(created);
        m_project = std::make_unique<Project>(std::move(*created));
        std::vector<data::Record> records;
        for (int i = 0; i < 30; ++i) {
            const std::string number = std::to_string(i);
            auto record = data::makePair("When is room " + number + " open?", {}, "Room " + number + " opens at " + std::to_string(7 + i % 12) + ".", {});
            record.split = i < 25 ? data::Split::Train : data::Split::HeldOut;
            record.status = data::RecordStatus::Approved;
            records.push_back(record);
        }
        auto ids = m_project->addRecords(records, "test");
        VERIFY_OK(ids);
        m_ids = *ids;
        auto snapshot = m_project->freezeSnapshot({}, {});
        VERIFY_OK(snapshot);
        writeAdapter(1);
        RunInfo run;
        run.state = RunState::Finished;
        run.adapter = (path() / "adapter").string();
        run.step = 12;
        run.snapshot = snapshot->id;
        auto added = m_project->addRun(run);
        VERIFY_OK(added);
        m_run = std::to_string(added->id.value);
        m_runId = added->id;
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        m_playground = std::move(*opened);
    }

    void learntRowIsNearestToItself()
    {
        const data::Record asked = data::makePair("When is room 7 open?", {}, "Room 7 opens at 14.");
        auto missing = m_playground->nearestRows(m_run, asked, *m_project);
        QVERIFY(!missing && missing.error().code == ErrorCode::NotFound && !missing.error().hint.empty());
        std::vector<Progress> seen;
        auto rows = m_playground->indexRows(m_run, *m_project, [&](const Progress &progress) { seen.push_back(progress); });
        VERIFY_OK(rows);
        QCOMPARE(*rows, std::int64_t(25)); // training rows only
        QVERIFY(!seen.empty() && seen.back().total == 25);
        QVERIFY(fs::exists(m_project->runFolder(m_runId) / "rows.index"));
        auto near = m_playground->nearestRows(m_run, asked, *m_project, 5);
        VERIFY_OK(near);
        QCOMPARE(near->size(), std::size_t(5));
        QCOMPARE(near->front().record.value, m_ids[7].value);
        QVERIFY2(near->front().similarity > 0.995, QByteArray::number(near->front().similarity).constData());
        QVERIFY((*near)[1].similarity < near->front().similarity && (*near)[4].similarity <= (*near)[1].similarity);
        QCOMPARE(near->front().answer, std::string("Room 7 opens at 14."));
        QVERIFY(!near->front().isChanged);
        // An edit afterwards is told; the index is that of the rows as they were learnt.
        auto record = m_project->record(m_ids[7]);
        VERIFY_OK(record);
        record->turns.back().text = "Never.";
        VERIFY_OK(m_project->saveRecord(*record));
        near = m_playground->nearestRows(m_run, asked, *m_project, 5);
        VERIFY_OK(near);
        QVERIFY(near->front().isChanged);
        QCOMPARE(near->front().answer, std::string("Room 7 opens at 14."));
        // A text longer than the model reads is cut, not refused.
        auto longText = asked;
        for (int i = 0; i < 700; ++i)
            longText.turns.back().text += " 7";
        VERIFY_OK(m_playground->nearestRows(m_run, longText, *m_project, 1));
    }

    void otherWeightsOrRowsNeedAnotherIndex()
    {
        const data::Record asked = data::makePair("When is room 7 open?", {}, "Room 7 opens at 14.");
        VERIFY_OK(m_playground->indexRows(m_run, *m_project));
        VERIFY_OK(m_playground->nearestRows(m_run, asked, *m_project));
        writeAdapter(2); // the run was continued
        fs::last_write_time(path() / "adapter" / "adapter_model.safetensors", fs::file_time_type::clock::now() + std::chrono::seconds(5));
        auto stale = m_playground->nearestRows(m_run, asked, *m_project);
        QVERIFY(!stale && stale.error().code == ErrorCode::NotFound);
        QVERIFY2(stale.error().message.find("other weights") != std::string::npos, stale.error().message.c_str());
        VERIFY_OK(m_playground->indexRows(m_run, *m_project));
        VERIFY_OK(m_playground->nearestRows(m_run, asked, *m_project));
        // The project writes a row in another way: what the model reads is another text.
        VERIFY_OK(m_project->setSetting("defaultSystem", "\"You know the rooms.\""));
        QVERIFY(!m_playground->nearestRows(m_run, asked, *m_project));
        // A damaged file is told, never believed.
        VERIFY_OK(m_playground->indexRows(m_run, *m_project));
        const fs::path file = m_project->runFolder(m_runId) / "rows.index";
        std::fstream(file, std::ios::binary | std::ios::in | std::ios::out).seekp(300).put('x');
        auto damaged = m_playground->nearestRows(m_run, asked, *m_project);
        QVERIFY(!damaged && damaged.error().code == ErrorCode::BadInput);
    }

    void cancelLeavesNothing()
    {
        std::stop_source stop;
        auto stopped = m_playground->indexRows(m_run, *m_project, [&](const Progress &progress) {
            if (progress.done > 0)
                stop.request_stop();
        }, stop.get_token());
        QVERIFY(!stopped && stopped.error().code == ErrorCode::Cancelled);
        QVERIFY(!fs::exists(m_project->runFolder(m_runId) / "rows.index"));
        for (const char *wrong : {"base", "", "nothing", "99"})
            QVERIFY2(!m_playground->indexRows(wrong, *m_project), wrong);
    }

    // The mean of the hidden states is the plain decoder's.
    void hiddenStatesAreTheDecoders()
    {
        auto generator = generate::Generator::load(kModel, 1);
        VERIFY_OK(generator);
        auto weights = model::loadWeights(kModel);
        VERIFY_OK(weights);
        std::vector<generate::Generator::HiddenText> texts(3);
        for (int i = 0; i < 400; ++i)
            texts[0].ids.push_back(TokenId(3 + i % 90)); // longer than a pass
        texts[1].ids = {5, 9, 12, 40};
        texts[1].counts = {0, 1, 1, 0};
        texts[2].ids = {7, 8};
        auto means = (*generator)->meanHidden(texts);
        VERIFY_OK(means);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const at::NoGradGuard guard;
            const at::Tensor hidden = model::forwardHidden(**weights, model::packDocument(texts[i].ids), model::Sites());
            const at::Tensor expected = i == 1 ? hidden.slice(0, 1, 3).mean(0) : hidden.mean(0);
            const at::Tensor own = at::from_blob((*means)[i].data(), {std::int64_t((*means)[i].size())}, at::kFloat);
            const double apart = (expected - own).norm().item<double>() / expected.norm().item<double>();
            QVERIFY2(apart < 2e-3, QByteArray::number(apart).constData());
        }
    }

private:
    [[nodiscard]] fs::path path() const { return m_folder->path().toStdString(); }
    void writeAdapter(std::uint64_t seed)
    {
        auto config = model::readConfig(kModel);
        VERIFY_OK(config);
        tune::LoraConfig lora;
        lora.rank = 4;
        auto adapter = tune::LoraAdapter::create(*config, lora, seed);
        VERIFY_OK(adapter);
        RandomStream random(seed);
        for (const auto &parameter : (*adapter)->parameters()) {
            at::Tensor tensor = parameter.tensor.detach();
            if (parameter.name.find("lora_B") != std::string::npos)
                random.fillNormal({tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}, 0.0f, 0.05f);
        }
        fs::remove_all(path() / "adapter");
        VERIFY_OK(tune::savePeftFolder(**adapter, path() / "adapter"));
    }
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Project> m_project;
    std::unique_ptr<Playground> m_playground;
    std::vector<RecordId> m_ids;
    RunId m_runId;
    std::string m_run;
};

QTEST_APPLESS_MAIN(TestNearestRows)
#include "tst_nearestrows.moc"
