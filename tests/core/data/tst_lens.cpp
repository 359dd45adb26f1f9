// The lens over model folders and files, lengths of whole projects, and the default model against transformers where it is there.
#include "core/base/clock.h"
#include "core/engine/lens.h"
#include "core/engine/models.h"

#include <QTemporaryDir>
#include <QtTest>
#include <nlohmann/json.hpp>
#include <thread>

using namespace fettle;
using namespace fettle::engine;

namespace {

const std::string kTinyChat = FETTLE_FIXTURES "/tinychat";

}

class TestLens : public QObject {
    Q_OBJECT
private slots:
    void opensFolders();
    void templateFile();
    void tokenTexts();
    void severalThreads();
    void measuresLengths();
    void defaultModel();
};

void TestLens::opensFolders()
{
    const auto lens = Lens::open(kTinyChat);
    QVERIFY2(lens, lens ? "" : lens.error().message.c_str());
    QCOMPARE((*lens)->modelName(), std::string("tinychat"));
    const auto labelled = (*lens)->label(data::makePair("Where?", "", "Here."), {});
    QVERIFY(labelled);
    QVERIFY(labelled->trainedTokens > 2);
    QVERIFY(!Lens::open("/nowhere/at/all"));
    QTemporaryDir empty;
    const auto refused = Lens::open(empty.path().toStdString());
    QVERIFY(!refused);
    QVERIFY(!refused.error().hint.empty());
}

void TestLens::templateFile()
{
    QTemporaryDir folder;
    // A folder with a tokenizer and no template.
    QVERIFY(QFile::copy(QString::fromStdString(kTinyChat) + "/tokenizer.json", folder.filePath("tokenizer.json")));
    const auto bare = Lens::open(folder.path().toStdString());
    QVERIFY(bare);
    QVERIFY(!(*bare)->tokenize("Where?", false)->ids.empty());
    // A plain one stands in: the answer and its end mark are learnt, what stands before them is not.
    const auto stoodIn = (*bare)->label(data::makePair("Where?", "", "Here."), {});
    QVERIFY(stoodIn);
    QVERIFY2(stoodIn->text.find("Question: Where?\nAnswer: Here.") != std::string::npos, stoodIn->text.c_str());
    QVERIFY(stoodIn->trainedTokens >= 3 && stoodIn->trainedTokens < static_cast<std::int64_t>(stoodIn->ids.size()));
    QFile file(folder.filePath("own.jinja"));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("{% for m in messages %}<{{ m.content }}>{% endfor %}") > 0);
    file.close();
    const auto own = Lens::open(folder.path().toStdString(), folder.filePath("own.jinja").toStdString());
    QVERIFY(own);
    QCOMPARE((*own)->label(data::makePair("Q", "", "A"), {})->text, std::string("<Q><A>"));
    QVERIFY(!Lens::open(kTinyChat, folder.filePath("missing.jinja").toStdString()));
}

void TestLens::tokenTexts()
{
    const auto lens = *Lens::open(kTinyChat);
    const auto plain = *lens->tokenize("say <|im_end|> now", false);
    const auto parsed = *lens->tokenize("say <|im_end|> now", true);
    QVERIFY(plain.ids.size() > parsed.ids.size());
    QCOMPARE(plain.ids.size(), plain.offsets.size());
    std::string joined;
    for (const std::string &text : plain.texts)
        joined += text;
    QCOMPARE(joined, std::string("say <|im_end|> now"));
    QVERIFY(std::find(parsed.texts.begin(), parsed.texts.end(), "<|im_end|>") != parsed.texts.end());
}

void TestLens::severalThreads()
{
    const auto lens = *Lens::open(kTinyChat);
    const auto expected = lens->label(data::makePair("Where do cats wait?", "c", "In room 5."), {})->ids;
    std::atomic<int> wrong = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int k = 0; k < 50; ++k)
                    wrong += lens->label(data::makePair("Where do cats wait?", "c", "In room 5."), {})->ids != expected;
            });
        }
    }
    QCOMPARE(wrong.load(), 0);
}

void TestLens::measuresLengths()
{
    QTemporaryDir folder;
    Project project = std::move(*Project::create(folder.filePath("p.fettle").toStdString()));
    const auto lens = *Lens::open(kTinyChat);
    std::vector<data::Record> records;
    for (int i = 0; i < 5000; ++i)
        records.push_back(data::makePair("Question number " + std::to_string(i), "", i == 7 ? std::string(2000, 'x') : "Answer " + std::to_string(i)));
    const auto ids = *project.addRecords(records, "Added");
    const Stopwatch watch;
    QCOMPARE(*measureLengths(project, *lens, 256), 5000);
    qInfo("5,000 records in %.2f s", watch.seconds());
    const auto labelled = lens->label(records[3], {});
    QCOMPARE(*project.recordRows({ids[3]})->front().tokens, std::int64_t(labelled->ids.size()));
    RecordFilter tooLong;
    tooLong.flag = RecordFlag::TooLong;
    QCOMPARE(*project.recordIds(tooLong), std::vector<RecordId>{ids[7]});
    QCOMPARE(*measureLengths(project, *lens, 256), 0); // nothing changed
    data::Record record = *project.record(ids[4]);
    record.turns[1].text += " and more";
    QVERIFY(project.saveRecord(record));
    QCOMPARE(*measureLengths(project, *lens, 256), 1);
    QVERIFY(project.setSetting("defaultSystem", "\"Be brief.\""));
    QCOMPARE(*measureLengths(project, *lens, 256), 5000);
    QVERIFY(*project.recordRows({ids[3]})->front().tokens > std::int64_t(labelled->ids.size()));
    QCOMPARE(*measureLengths(project, *lens, 10'000), 0);
    QVERIFY(project.recordIds(tooLong)->empty());
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(measureLengths(project, *lens, 256, {}, stop.get_token()).error().code, ErrorCode::Cancelled);
}

void TestLens::defaultModel()
{
    if (!resolveModel(kDefaultModelName))
        QSKIP("The default model is not here.");
    QFile file(FETTLE_FIXTURES "/render/smollm2.json");
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto fixture = nlohmann::json::parse(file.readAll().toStdString());
    const Stopwatch watch;
    const auto lens = Lens::open(kDefaultModelName);
    QVERIFY2(lens, lens ? "" : lens.error().message.c_str());
    qInfo("opened in %.2f s", watch.seconds());
    for (const auto &entry : fixture["cases"]) {
        data::Record record;
        for (const auto &message : entry["messages"]) {
            const std::string role = message["role"];
            record.turns.push_back({role == "system" ? data::Role::System : role == "assistant" ? data::Role::Assistant : role == "tool" ? data::Role::Tool : data::Role::User,
                                    message["content"], {}});
        }
        const auto labelled = (*lens)->label(record, {});
        QVERIFY(labelled);
        QCOMPARE(labelled->text, entry["text"].get<std::string>());
        QCOMPARE(labelled->ids, entry["ids"].get<std::vector<TokenId>>());
        QCOMPARE(labelled->trainedTokens, std::int64_t(labelled->ids.size()) - entry["promptTokens"].get<std::int64_t>());
        QVERIFY(labelled->warnings.empty());
    }
    // The lens follows the typing: a long record must be written out well within one frame.
    std::string question, answer;
    for (int i = 0; i < 450; ++i) {
        question += "word" + std::to_string(i * 7919 % 1000) + ' ';
        answer += "answer " + std::to_string(i) + ", ";
    }
    const Stopwatch once;
    const auto labelled = (*lens)->label(data::makePair(question, "", answer), {});
    qInfo("one record of %zu tokens in %.1f ms", labelled->ids.size(), once.seconds() * 1000);
    QVERIFY(once.seconds() < 3);
}

QTEST_APPLESS_MAIN(TestLens)
#include "tst_lens.moc"
