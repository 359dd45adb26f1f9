// The loss of each token of one record: one for each tile of the lens, the same as scoring finds, with a run's adapter too.
#include "core/engine/delivery.h"
#include "core/engine/lens.h"
#include "core/engine/tokenlosses.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fmt/format.h>

using namespace fettle;
using namespace fettle::engine;

namespace {

const std::string kModel = FETTLE_FIXTURES "/tinychat";

// Mean over the tokens that the lens calls trained.
double trainedMean(const std::vector<float> &losses, const data::LabelledTokens &tokens)
{
    double sum = 0;
    for (std::size_t i = 0; i < losses.size(); ++i)
        sum += tokens.trained[i] != 0 ? double(losses[i]) : 0.0;
    return sum / double(tokens.trainedTokens);
}

} // namespace

class TestTokenLosses : public QObject {
    Q_OBJECT
private slots:
    void theyAreThoseOfScoring();
    void whatIsCutHasNone();
    void aRunChangesThem();
};

void TestTokenLosses::theyAreThoseOfScoring()
{
    const data::Record record = data::makePair("Which shelf holds box 7?", "The archive has 40 shelves.", "Box 7 stands on shelf 9.");
    auto model = TokenLosses::open(kModel, "", nullptr, {.threads = 1});
    VERIFY_OK(model);
    const auto losses = (*model)->of(record, {});
    VERIFY_OK(losses);
    const auto lens = Lens::open(kModel);
    VERIFY_OK(lens);
    const auto tokens = (*lens)->label(record, {});
    VERIFY_OK(tokens);
    QCOMPARE(losses->size(), tokens->ids.size());
    QVERIFY(std::isnan(losses->front())); // nothing stands before it
    for (std::size_t i = 1; i < losses->size(); ++i)
        QVERIFY(std::isfinite((*losses)[i]) && (*losses)[i] >= 0);
    const auto score = scoreRecords(kModel, "", {record}, data::TrainOn::Completion, nullptr, {.threads = 1});
    VERIFY_OK(score);
    QVERIFY(std::abs(trainedMean(*losses, *tokens) - score->rows.front().loss) < 1e-4);
}

void TestTokenLosses::whatIsCutHasNone()
{
    auto model = TokenLosses::open(kModel, "", nullptr, {.threads = 1});
    VERIFY_OK(model);
    data::RenderOptions options;
    options.maxLength = 12;
    const auto losses = (*model)->of(data::makePair("Which shelf holds box 7?", "", "Box 7 stands on shelf 9."), options);
    VERIFY_OK(losses);
    QVERIFY(losses->size() > 12);
    QVERIFY(std::isfinite((*losses)[11]) && std::isnan((*losses)[12]) && std::isnan(losses->back()));
}

void TestTokenLosses::aRunChangesThem()
{
    const QTemporaryDir dir;
    auto project = Project::create(dir.filePath(QStringLiteral("p.fettle")).toStdString());
    VERIFY_OK(project);
    std::vector<data::Record> records;
    for (int i = 0; i < 12; ++i) {
        records.push_back(data::makePair(fmt::format("Which shelf holds box {}?", i), "", fmt::format("Box {} stands on shelf {}.", i, i * 7 % 40)));
        records.back().split = data::Split::Train;
    }
    const data::Record record = records.front();
    VERIFY_OK(project->addRecords(std::move(records), "Added rows"));
    TrainRequest request;
    request.model = kModel;
    request.compute.threads = 1;
    for (const char *setting : {"epochs=6", "rowsPerStep=4", "learningRate=0.02", "rank=4"})
        VERIFY_OK(train::applySetting(request.recipe, setting));
    const auto run = trainRun(*project, request);
    VERIFY_OK(run);
    auto base = TokenLosses::open(kModel, "", &*project, {.threads = 1}), tuned = TokenLosses::open(kModel, run->run.adapter, &*project, {.threads = 1});
    VERIFY_OK(base);
    VERIFY_OK(tuned);
    const auto lens = Lens::open(kModel);
    VERIFY_OK(lens);
    const auto tokens = (*lens)->label(record, {});
    const auto before = (*base)->of(record, {}), after = (*tuned)->of(record, {});
    VERIFY_OK(before);
    VERIFY_OK(after);
    QVERIFY(trainedMean(*after, *tokens) < trainedMean(*before, *tokens));
}

QTEST_GUILESS_MAIN(TestTokenLosses)
#include "tst_tokenlosses.moc"
