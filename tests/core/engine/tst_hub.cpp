// Models fetched by name from a local server that behaves as the hub does: also when it breaks off, lies about lengths, sends other bytes, or sends on
// to other addresses. Nothing here reaches a network.
#include "core/base/sha1.h"
#include "core/base/sha256.h"
#include "core/engine/modelplaces.h"
#include "core/engine/models.h"
#include "core/engine/webmodels.h"
#include "tests/core/engine/hubmodel.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

using namespace fettle;
using namespace fettle::engine;
using fixture::contentOf;
using fixture::Files;
using fixture::HubServer;
using fixture::isLarge;
using fixture::listOf;
using fixture::partOf;
using fixture::tinychat;
using fixture::WebAnswer;
using fixture::WebRequest;
using fixture::wellBehaved;
namespace fs = std::filesystem;

namespace {

const std::string kRevision = fixture::hubRevision();

const io::WebOptions kQuick{{}, 3, std::chrono::milliseconds(1), std::chrono::seconds(5)};

} // namespace

class TestHub : public QObject {
    Q_OBJECT
private slots:
    void init();
    void cleanup();
    void sha1IsThatOfTheStandard();
    void modelIsFetchedAndUsable();
    void breaksAreGoneOnFrom();
    void cancelledDownloadGoesOn();
    void serverWithoutRangesBeginsAgain();
    void lengthsThatAreNotTrue_data();
    void lengthsThatAreNotTrue();
    void otherBytesAreRefused();
    void redirectsAreFollowedWithoutTheToken();
    void redirectsEndSomewhere();
    void tokenOpensWhatIsClosed();
    void ggufIsChosen();
    void whatCannotBeFetched_data();
    void whatCannotBeFetched();
    void hostileLists_data();
    void hostileLists();
    void namesAreRead();
    void unfinishedAreListedAndThrownAway();

private:
    [[nodiscard]] Result<HubDownload> download(const std::string &name = "acme/tinychat") { return downloadModel(name, {}, {}, kQuick); }
    [[nodiscard]] fs::path root() const { return fs::path(m_dir->path().toStdString()) / "hub/models--acme--tinychat"; }
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<HubServer> m_server;
    Files m_files;
};

void TestHub::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_server = std::make_unique<HubServer>();
    m_files = tinychat();
    m_server->answer = [this](const WebRequest &request) { return wellBehaved(m_files, request); };
    qputenv("HF_HOME", m_dir->path().toUtf8());
    qputenv("HF_ENDPOINT", QByteArray::fromStdString(m_server->url()));
    for (const char *name : {"HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"})
        qunsetenv(name);
}

void TestHub::cleanup()
{
    m_server.reset();
    m_dir.reset();
}

void TestHub::sha1IsThatOfTheStandard()
{
    QCOMPARE(sha1Hex("abc"), std::string("a9993e364706816aba3e25717850c26c9cd0d89d"));
    QCOMPARE(sha1Hex(""), std::string("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
    QCOMPARE(sha1Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), std::string("84983e441c3bd26ebaae4aa1f95129e5e54670f1"));
    QCOMPARE(gitBlobName("hello\n"), std::string("ce013625030ba8dba906f756967f9e9ca394464a")); // as `git hash-object` says
}

void TestHub::modelIsFetchedAndUsable()
{
    std::vector<Progress> seen;
    const auto model = downloadModel("acme/tinychat", [&](const Progress &progress) { seen.push_back(progress); }, {}, kQuick);
    VERIFY_OK(model);
    QCOMPARE(model->path, root() / "snapshots" / kRevision);
    QCOMPARE(model->fetched, model->bytes);
    QVERIFY(seen.size() > 3 && seen.back().done <= seen.back().total && seen.back().total == model->bytes);
    const auto inspection = inspect(model->path);
    VERIFY_OK(inspection);
    QVERIFY(inspection->trainable);
    const auto resolved = resolveModel("acme/tinychat");
    VERIFY_OK(resolved);
    QCOMPARE(*resolved, model->path);
    // The layout of huggingface_hub: names point to blobs, which are called by their hash.
    QCOMPARE(contentOf(root() / "refs/main"), kRevision);
    QVERIFY(fs::is_symlink(model->path / "model.safetensors"));
    QCOMPARE(fs::read_symlink(model->path / "model.safetensors"), fs::path("../../blobs") / sha256Hex(m_files["model.safetensors"]));
    for (const auto &[name, content] : m_files)
        QCOMPARE(contentOf(model->path / name), content);
    // What is there is not fetched again.
    const auto requests = m_server->requests().size();
    const auto again = download();
    VERIFY_OK(again);
    QCOMPARE(again->fetched, 0);
    QCOMPARE(m_server->requests().size(), requests + 1); // the list
}

void TestHub::breaksAreGoneOnFrom()
{
    m_server->answer = [this](const WebRequest &request) {
        WebAnswer answer = wellBehaved(m_files, request);
        answer.cutAfter = request.path.ends_with("safetensors") ? 30'000 : std::string::npos;
        return answer;
    };
    const auto model = download();
    VERIFY_OK(model);
    QCOMPARE(contentOf(model->path / "model.safetensors"), m_files["model.safetensors"]);
    std::vector<std::string> ranges;
    for (const WebRequest &request : m_server->requests()) {
        if (request.path.ends_with("safetensors"))
            ranges.push_back(request.range);
    }
    QVERIFY(ranges.size() >= 4);
    QCOMPARE(ranges[0], std::string());
    QCOMPARE(ranges[1], std::string("bytes=30000-"));
    QCOMPARE(ranges[2], std::string("bytes=60000-"));
    // A server that gives nothing more ends it, and what came stays.
    const Files more = {{"config.json", m_files["config.json"]}, {"model.safetensors", m_files["model.safetensors"] + "x"}};
    m_server->answer = [&](const WebRequest &request) {
        WebAnswer answer = wellBehaved(more, request);
        answer.cutAfter = !request.path.ends_with("safetensors") ? std::string::npos : request.range.empty() ? 5000 : 0;
        return answer;
    };
    const auto broken = download();
    QVERIFY(!broken && broken.error().message.find("breaks off") != std::string::npos);
    QCOMPARE(fs::file_size(root() / "blobs" / (sha256Hex(more.at("model.safetensors")) + ".incomplete")), 5000U);
}

void TestHub::cancelledDownloadGoesOn()
{
    std::stop_source stop;
    m_server->answer = [&](const WebRequest &request) {
        WebAnswer answer = wellBehaved(m_files, request);
        if (request.path.ends_with("safetensors")) {
            answer.cutAfter = 50'000;
            if (!request.range.empty())
                stop.request_stop();
        }
        return answer;
    };
    const auto cancelled = downloadModel("acme/tinychat", {}, stop.get_token(), kQuick);
    QVERIFY(!cancelled && cancelled.error().code == ErrorCode::Cancelled);
    QVERIFY(!fs::exists(root() / "refs/main")); // nobody takes it for complete
    QVERIFY(!resolveModel("acme/tinychat"));
    m_server->answer = [this](const WebRequest &request) { return wellBehaved(m_files, request); };
    const auto model = download();
    VERIFY_OK(model);
    QVERIFY(model->fetched <= model->bytes - 50'000);
    QCOMPARE(contentOf(model->path / "model.safetensors"), m_files["model.safetensors"]);
}

void TestHub::serverWithoutRangesBeginsAgain()
{
    std::atomic<int> count = 0;
    m_server->answer = [&](const WebRequest &request) {
        WebAnswer answer = wellBehaved(m_files, {request.path, {}, {}}); // the range is not heeded
        if (request.path.ends_with("safetensors") && count++ == 0)
            answer.cutAfter = 40'000;
        return answer;
    };
    const auto model = download();
    VERIFY_OK(model);
    QCOMPARE(contentOf(model->path / "model.safetensors"), m_files["model.safetensors"]);
}

void TestHub::lengthsThatAreNotTrue_data()
{
    QTest::addColumn<int>("says");  // Content-Length more than there is; 0: none is said
    QTest::addColumn<int>("sends"); // bytes more than the list says
    QTest::addColumn<QString>("message");
    QTest::newRow("says more") << 1000 << 0 << "where its list says";
    QTest::newRow("says less") << -1000 << 0 << "where its list says";
    QTest::newRow("sends more") << 0 << 1 << "sends more than";
    QTest::newRow("sends much more") << 0 << 3'000'000 << "sends more than";
    QTest::newRow("sends less") << 0 << -1 << "breaks off";
}

void TestHub::lengthsThatAreNotTrue()
{
    QFETCH(int, says);
    QFETCH(int, sends);
    QFETCH(QString, message);
    m_server->answer = [&](const WebRequest &request) {
        if (!request.path.ends_with("safetensors"))
            return wellBehaved(m_files, request);
        std::string content = m_files["model.safetensors"];
        const auto length = static_cast<int>(content.size()) + says;
        if (sends > 0)
            content += std::string(static_cast<std::size_t>(sends), 'x');
        if (sends < 0)
            content.pop_back();
        WebAnswer answer{200, {}, content.substr(std::min(request.from(), content.size()))};
        if (request.from() > 0)
            answer = {206, {fmt::format("Content-Range: bytes {}-{}/{}", request.from(), content.size(), m_files["model.safetensors"].size())}, answer.body};
        if (says != 0)
            answer.headers.push_back(fmt::format("Content-Length: {}", length));
        return answer;
    };
    const auto refused = download();
    QVERIFY(!refused);
    QVERIFY2(refused.error().code == ErrorCode::BadInput && refused.error().message.find(message.toStdString()) != std::string::npos, refused.error().message.c_str());
    QVERIFY(!fs::exists(root() / "refs/main"));
    QVERIFY(!fs::exists(root() / "blobs" / sha256Hex(m_files["model.safetensors"])));
}

void TestHub::otherBytesAreRefused()
{
    for (const char *name : {"model.safetensors", "config.json"}) {
        m_server->answer = [&](const WebRequest &request) {
            WebAnswer answer = wellBehaved(m_files, request);
            if (request.path.ends_with(name))
                answer.body.back() ^= 1;
            return answer;
        };
        const auto refused = download();
        QVERIFY(!refused);
        QVERIFY2(refused.error().message.find(name) != std::string::npos && refused.error().message.find("damaged") != std::string::npos, refused.error().message.c_str());
        for (const auto &entry : fs::directory_iterator(root() / "blobs"))
            QVERIFY(!entry.path().string().ends_with(".incomplete")); // the next try begins anew
        QVERIFY(!fs::exists(root() / "refs/main"));
    }
}

// The hub sends on to where large files lie: another host, which must not see the token.
void TestHub::redirectsAreFollowedWithoutTheToken()
{
    HubServer store;
    store.answer = [this](const WebRequest &request) { return partOf(m_files["model.safetensors"], request); };
    m_server->answer = [&](const WebRequest &request) {
        if (request.path.ends_with("safetensors"))
            return WebAnswer{302, {"Location: " + store.url() + "/blob?signature=1", "Content-Length: 9"}, "elsewhere"};
        if (request.path == "/moved/config.json")
            return partOf(m_files["config.json"], request);
        return request.path.ends_with("/config.json") ? WebAnswer{307, {"Location: /moved/config.json", "Content-Length: 0"}} : wellBehaved(m_files, request);
    };
    qputenv("HF_TOKEN", "secret");
    const auto model = download();
    VERIFY_OK(model);
    QCOMPARE(contentOf(model->path / "model.safetensors"), m_files["model.safetensors"]);
    for (const WebRequest &request : m_server->requests())
        QCOMPARE(request.token, std::string("Bearer secret"));
    QCOMPARE(store.requests().size(), std::size_t(1));
    QCOMPARE(store.requests().front().token, std::string());
}

void TestHub::redirectsEndSomewhere()
{
    for (const char *place : {"/again", "file:///etc/passwd", "ftp://127.0.0.1/x"}) {
        m_server->answer = [&](const WebRequest &request) {
            return request.path.starts_with("/api/") ? wellBehaved(m_files, request) : WebAnswer{302, {std::string("Location: ") + place, "Content-Length: 0"}};
        };
        const auto refused = download();
        QVERIFY2(!refused && refused.error().message.find("sends on") != std::string::npos, refused ? "" : refused.error().message.c_str());
    }
}

void TestHub::tokenOpensWhatIsClosed()
{
    m_server->answer = [this](const WebRequest &request) { return request.token == "Bearer mine" ? wellBehaved(m_files, request) : WebAnswer{401, {"Content-Length: 2"}, "no"}; };
    const auto closed = download();
    QVERIFY(!closed && closed.error().code == ErrorCode::NoPermission);
    QVERIFY(closed.error().hint.find("HF_TOKEN") != std::string::npos);
    qputenv("HF_TOKEN", "mine");
    VERIFY_OK(download());
}

void TestHub::ggufIsChosen()
{
    const std::string gguf = contentOf(FETTLE_FIXTURES "/models/llama-gqa.gguf");
    m_files = {{"README.md", "# Small"}, {"tiny-Q4_K_M.gguf", gguf}, {"tiny-Q8_0.gguf", gguf + std::string(32, '\0')}, {"mmproj-tiny.gguf", "x"}, {"tiny.bin", "never"}};
    const auto unclear = download();
    QVERIFY(!unclear && unclear.error().hint.find("tiny-Q4_K_M, tiny-Q8_0") != std::string::npos);
    const auto missing = download("acme/tinychat:Q2_K");
    QVERIFY(!missing && missing.error().message.find("Q2_K") != std::string::npos);
    const auto model = download("acme/tinychat:q4_k_m");
    VERIFY_OK(model);
    QCOMPARE(model->path.filename(), fs::path("tiny-Q4_K_M.gguf"));
    QVERIFY(!fs::exists(model->path.parent_path() / "tiny-Q8_0.gguf") && !fs::exists(model->path.parent_path() / "tiny.bin"));
    VERIFY_OK(inspect(model->path));
}

void TestHub::whatCannotBeFetched_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("message");
    QTest::newRow("unknown") << "acme/none" << static_cast<int>(ErrorCode::NotFound) << "does not have this";
    QTest::newRow("pickled") << "pickled" << static_cast<int>(ErrorCode::BadInput) << "pickled weights only";
    QTest::newRow("no weights") << "empty" << static_cast<int>(ErrorCode::BadInput) << "no weights";
    QTest::newRow("offline") << "offline" << static_cast<int>(ErrorCode::Usage) << "HF_HUB_OFFLINE";
    QTest::newRow("no address") << "address" << static_cast<int>(ErrorCode::Usage) << "HF_ENDPOINT";
    QTest::newRow("nobody there") << "nobody" << static_cast<int>(ErrorCode::BadInput) << "breaks off";
    QTest::newRow("always busy") << "busy" << static_cast<int>(ErrorCode::BadInput) << "breaks off";
}

void TestHub::whatCannotBeFetched()
{
    QFETCH(QString, what);
    QFETCH(int, code);
    QFETCH(QString, message);
    if (what == "pickled")
        m_files = {{"config.json", "{}"}, {"pytorch_model.bin", "x"}};
    if (what == "empty")
        m_files = {{"README.md", "x"}};
    if (what == "offline")
        qputenv("HF_HUB_OFFLINE", "1");
    if (what == "address")
        qputenv("HF_ENDPOINT", "ftp://example.org");
    if (what == "nobody")
        qputenv("HF_ENDPOINT", "http://127.0.0.1:1");
    if (what == "busy")
        m_server->answer = [](const WebRequest &) { return WebAnswer{503, {"Content-Length: 0"}}; };
    const auto refused = download(what.contains('/') ? what.toStdString() : "acme/tinychat");
    QVERIFY(!refused);
    QCOMPARE(static_cast<int>(refused.error().code), code);
    QVERIFY2(refused.error().message.find(message.toStdString()) != std::string::npos, refused.error().message.c_str());
    QVERIFY(!refused.error().hint.empty());
}

void TestHub::hostileLists_data()
{
    QTest::addColumn<QByteArray>("list");
    QTest::addColumn<QString>("message");
    const nlohmann::json good = listOf(tinychat());
    const auto row = [](const char *name, const nlohmann::json &list, const char *message) { QTest::newRow(name) << QByteArray::fromStdString(list.dump()) << message; };
    nlohmann::json list = good;
    list["sha"] = "../../../x";
    row("revision as a path", list, "names no revision");
    list = good;
    for (nlohmann::json &file : list["siblings"])
        file["blobId"] = "../../../../escaped";
    row("hash as a path", list, "no size or no hash");
    list = good;
    for (nlohmann::json &file : list["siblings"])
        file["size"] = -5;
    row("negative size", list, "no size or no hash");
    list = good;
    list["siblings"] = "none";
    row("no list", list, "names no revision or no files");
    list["siblings"] = nlohmann::json::array({1, 2});
    row("numbers", list, "damaged");
    QTest::newRow("no JSON") << QByteArray("<html>") << "list of acme/tinychat";
    QTest::newRow("deep") << QByteArray(5000, '[') << "list of acme/tinychat";
    QTest::newRow("endless") << QByteArray(17 << 20, ' ') << "a short list is expected";
    list = good;
    for (nlohmann::json &file : list["siblings"])
        file["rfilename"] = "../" + file["rfilename"].get<std::string>();
    row("names that climb", list, "no weights");
    for (const auto &[name, bytes, message] : {std::tuple("terabytes", std::int64_t{1} << 44, "the disk has"), std::tuple("more than a number holds", INT64_MAX, "no size or no hash")}) {
        list = good;
        for (nlohmann::json &file : list["siblings"]) {
            if (file.contains("lfs"))
                file["lfs"]["size"] = bytes;
        }
        row(name, list, message);
    }
}

void TestHub::hostileLists()
{
    QFETCH(QByteArray, list);
    QFETCH(QString, message);
    m_server->answer = [&](const WebRequest &request) { return request.path.starts_with("/api/") ? WebAnswer{200, {}, list.toStdString()} : wellBehaved(m_files, request); };
    const auto refused = download();
    QVERIFY(!refused);
    const std::string text = refused.error().message + " " + refused.error().hint;
    QVERIFY2(QString::fromStdString(text).contains(message, Qt::CaseInsensitive), text.c_str());
    QVERIFY(!fs::exists(root() / "refs/main"));
    QVERIFY(!fs::exists(fs::path(m_dir->path().toStdString()) / "escaped"));
}

void TestHub::namesAreRead()
{
    for (const char *name : {"acme/tinychat", "https://huggingface.co/acme/tinychat", "hf.co/acme/tinychat", "acme/tinychat/"}) {
        const auto read = parseHubName(name);
        VERIFY_OK(read);
        QCOMPARE(read->model, std::string("acme/tinychat"));
    }
    QCOMPARE(parseHubName("acme/tiny:Q4_K_M")->variant, std::string("Q4_K_M"));
    for (const char *name : {"", "tiny", "a/b/c", "../x", "a/..", "a b/c", "a/b?x=1", "/etc/passwd", "a--b/c", "a/b:../c", "http://evil/x/y"})
        QVERIFY2(!parseHubName(name), name);
}

void TestHub::unfinishedAreListedAndThrownAway()
{
    QVERIFY(unfinishedDownloads().empty());
    // Two of one model end early: each is a download of its own.
    m_files["tiny-Q8_0.gguf"] = std::string(90'000, 'q');
    const auto stopAt = [this](const char *ending, std::size_t bytes) {
        m_server->answer = [this, ending, bytes](const WebRequest &request) {
            WebAnswer answer = wellBehaved(m_files, request);
            if (request.path.ends_with(ending))
                answer.cutAfter = request.range.empty() ? bytes : 0;
            return answer;
        };
    };
    stopAt("safetensors", 50'000);
    QVERIFY(!download());
    stopAt("gguf", 20'000);
    QVERIFY(!download("acme/tinychat:Q8_0"));
    auto unfinished = unfinishedDownloads();
    QCOMPARE(unfinished.size(), 2U);
    QCOMPARE(unfinished[0].wanted, std::string("acme/tinychat"));
    QCOMPARE(unfinished[1].wanted, std::string("acme/tinychat:Q8_0"));
    QVERIFY(unfinished[0].present >= 50'000 && unfinished[0].present < unfinished[0].bytes);
    std::int64_t all = 0;
    for (const auto &[name, content] : m_files)
        all += name == "tiny-Q8_0.gguf" ? 0 : std::int64_t(content.size());
    QCOMPARE(unfinished[0].bytes, all);
    QCOMPARE(unfinished[1].present, 20'000 + std::int64_t(m_files["README.md"].size()));

    // What goes is its own; what has come of the other one stays, and is gone on from.
    const auto freed = discardDownload("acme/tinychat:Q8_0");
    VERIFY_OK(freed);
    QVERIFY(*freed >= 20'000);
    unfinished = unfinishedDownloads();
    QCOMPARE(unfinished.size(), 1U);
    m_server->answer = [this](const WebRequest &request) { return wellBehaved(m_files, request); };
    const auto model = download();
    VERIFY_OK(model);
    QVERIFY(model->fetched <= model->bytes - 50'000);
    QVERIFY(unfinishedDownloads().empty());
    const auto none = discardDownload("acme/tinychat");
    QVERIFY(!none && none.error().code == ErrorCode::NotFound);

    // Beside a complete model, the rest of a variant goes alone.
    stopAt("gguf", 20'000);
    QVERIFY(!download("acme/tinychat:Q8_0"));
    VERIFY_OK(discardDownload("acme/tinychat:Q8_0"));
    QCOMPARE(contentOf(model->path / "model.safetensors"), m_files["model.safetensors"]);
    QVERIFY(inspect(model->path)->trainable);

    // A damaged note is no download, and no reason to fail.
    std::ofstream(root() / "fettle-download-0123456789ab.json") << "{\"wanted\": 7, \"files\": [{\"hash\": \"../../x\", \"bytes\": -1}]";
    QVERIFY(unfinishedDownloads().empty());
}

QTEST_GUILESS_MAIN(TestHub)
#include "tst_hub.moc"
