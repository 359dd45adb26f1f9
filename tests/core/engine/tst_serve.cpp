// The local service: what OpenAI's clients ask, answered; what hostile programs send, refused; nothing crashes, and the next question is answered.
#include "core/engine/openai.h"
#include "core/engine/serve.h"

#include <QProcess>
#include <QTest>

#include <arpa/inet.h>
#include <atomic>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace fettle;
using namespace fettle::engine;
using Json = nlohmann::json;

namespace {

// Sends the bytes as they are and reads until the other end closes. closesEarly: goes away without reading.
std::string talkTo(int port, std::string_view bytes, bool closesEarly = false)
{
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0)
        return "no connection";
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string answer;
    char buffer[4096];
    for (ssize_t count = 1; !closesEarly && (count = ::recv(descriptor, buffer, sizeof buffer, 0)) > 0;)
        answer.append(buffer, static_cast<std::size_t>(count));
    ::close(descriptor);
    return answer;
}

int statusOf(const std::string &answer)
{
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : -1;
}

Json bodyOf(const std::string &answer)
{
    const auto end = answer.find("\r\n\r\n");
    return end == std::string::npos ? Json() : Json::parse(answer.substr(end + 4), nullptr, false);
}

} // namespace

class TestServe : public QObject {
    Q_OBJECT
private slots:
    void initTestCase()
    {
        ServeOptions options;
        options.model = FETTLE_FIXTURES "/tinychat";
        m_events.started = [this](const ServeAddress &address) {
            m_address = address;
            m_port = std::stoi(address.url.substr(std::string("http://127.0.0.1:").size()));
        };
        m_thread = std::jthread([this, options](std::stop_token stop) {
            const auto served = serve(options, nullptr, m_events, {}, stop);
            m_hasEnded = served.has_value();
        });
        QTRY_VERIFY_WITH_TIMEOUT(m_port != 0, 60000);
    }
    void cleanupTestCase()
    {
        m_thread.request_stop();
        m_thread.join();
        QVERIFY(m_hasEnded);
    }

    void answers()
    {
        const std::string models = ask("GET /v1/models", {});
        QCOMPARE(statusOf(models), 200);
        QCOMPARE(bodyOf(models)["data"][0]["id"].get<std::string>(), std::string("base"));

        const std::string question = R"({"model": "base", "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": [{"type": "text", "text": "Hello"}]}], "max_tokens": 6, "temperature": 0})";
        const Json whole = bodyOf(ask("POST /v1/chat/completions", question));
        QCOMPARE(whole["object"].get<std::string>(), std::string("chat.completion"));
        QVERIFY(whole["usage"]["completion_tokens"].get<int>() >= 1 && whole["usage"]["completion_tokens"].get<int>() <= 6);
        const std::string text = whole["choices"][0]["message"]["content"];

        // The stream says the same, piece by piece, and ends as clients expect.
        const std::string stream = ask("POST /v1/chat/completions", question.substr(0, question.size() - 1) + R"(, "stream": true, "stream_options": {"include_usage": true}})");
        QVERIFY(stream.find("text/event-stream") != std::string::npos && stream.ends_with("data: [DONE]\n\n"));
        std::string joined, finish;
        bool hasUsage = false;
        for (auto at = stream.find("data: {"); at != std::string::npos; at = stream.find("data: {", at + 1)) {
            const Json part = Json::parse(stream.substr(at + 6, stream.find("\n\n", at) - at - 6));
            hasUsage |= part.contains("usage");
            if (part["choices"].empty())
                continue;
            joined += part["choices"][0]["delta"].value("content", "");
            if (part["choices"][0]["finish_reason"].is_string())
                finish = part["choices"][0]["finish_reason"];
        }
        QCOMPARE(joined, text);
        QCOMPARE(finish, whole["choices"][0]["finish_reason"].get<std::string>());
        QVERIFY(hasUsage);

        const Json raw = bodyOf(ask("POST /v1/completions", R"({"prompt": "Hello", "max_tokens": 3, "temperature": 0})"));
        QCOMPARE(raw["object"].get<std::string>(), std::string("text_completion"));
    }

    void refuses_data()
    {
        QTest::addColumn<QByteArray>("request");
        QTest::addColumn<int>("status");
        const QByteArray host = "Host: 127.0.0.1:PORT\r\n", key = "Authorization: Bearer TOKEN\r\n", json = "Content-Type: application/json\r\n", get = "GET /v1/models HTTP/1.1\r\n",
                         post = "POST /v1/chat/completions HTTP/1.1\r\n";
        const auto body = [](const QByteArray &text) { return "Content-Length: " + QByteArray::number(text.size()) + "\r\n\r\n" + text; };
        const auto asked = [&](const QByteArray &text) { return post + host + key + json + body(text); };
        QTest::newRow("no token") << get + host + "\r\n" << 401;
        QTest::newRow("wrong token") << get + host + "Authorization: Bearer fettle-0\r\n\r\n" << 401;
        QTest::newRow("part of the token") << get + host + "Authorization: Bearer TOKEN0\r\n\r\n" << 401;
        QTest::newRow("other scheme") << get + host + "Authorization: Basic TOKEN\r\n\r\n" << 401;
        QTest::newRow("no host") << get + key + "\r\n" << 403;
        QTest::newRow("another name for this computer") << get + "Host: evil.example:PORT\r\n" + key + "\r\n" << 403;
        QTest::newRow("host without port") << get + "Host: 127.0.0.1\r\n" + key + "\r\n" << 403;
        QTest::newRow("host that begins right") << get + "Host: 127.0.0.1:PORT.evil.example\r\n" + key + "\r\n" << 403;
        QTest::newRow("two hosts") << get + host + host + key + "\r\n" << 400;
        QTest::newRow("page of another origin") << get + host + key + "Origin: https://evil.example\r\n\r\n" << 403;
        QTest::newRow("origin null") << get + host + key + "Origin: null\r\n\r\n" << 403;
        QTest::newRow("origin empty") << get + host + key + "Origin: \r\n\r\n" << 403;
        QTest::newRow("own origin") << get + host + key + "Origin: http://localhost:PORT\r\n\r\n" << 200;
        QTest::newRow("another place") << "GET /v1/../etc/passwd HTTP/1.1\r\n" + host + key + "\r\n" << 404;
        QTest::newRow("absolute target") << "GET http://127.0.0.1/v1/models HTTP/1.1\r\n" + host + key + "\r\n" << 400;
        QTest::newRow("wrong method") << "DELETE /v1/models HTTP/1.1\r\n" + host + key + "\r\n" << 405;
        QTest::newRow("form instead of JSON") << post + host + key + "Content-Type: text/plain\r\n" + body("{}") << 415;
        QTest::newRow("chunked") << post + host + key + json + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" << 501;
        QTest::newRow("two lengths") << post + host + key + json + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}" << 400;
        QTest::newRow("negative length") << post + host + key + json + "Content-Length: -1\r\n\r\n" << 400;
        QTest::newRow("length that overflows") << post + host + key + json + "Content-Length: 99999999999999999999999\r\n\r\n" << 413;
        QTest::newRow("body too large") << post + host + key + json + "Content-Length: 4194305\r\n\r\n" << 413;
        QTest::newRow("head too long") << get + host + key + "X: " + QByteArray(40000, 'x') + "\r\n\r\n" << 431;
        QTest::newRow("header without end of line") << get + "Host: 127.0.0.1:PORT\n" + key + "\r\n" << 400;
        QTest::newRow("control character") << get + host + key + "X: a\x01\r\n\r\n" << 400;
        QTest::newRow("space before the colon") << get + host + key + "X : a\r\n\r\n" << 400;
        QTest::newRow("other protocol") << QByteArray("GET /v1/models HTTP/2.0\r\n\r\n") << 505;
        QTest::newRow("no request at all") << QByteArray("\x16\x03\x01\r\n\r\n") << 400;
        QTest::newRow("no JSON") << asked("not json") << 400;
        QTest::newRow("invalid UTF-8") << asked("{\"messages\": [{\"role\": \"user\", \"content\": \"\xff\xfe\"}]}") << 400;
        QTest::newRow("deeply nested") << asked(QByteArray(100000, '[')) << 400;
        QTest::newRow("no messages") << asked("{}") << 400;
        QTest::newRow("empty messages") << asked("{\"messages\": []}") << 400;
        QTest::newRow("message that is no object") << asked("{\"messages\": [1]}") << 400;
        QTest::newRow("unknown role") << asked("{\"messages\": [{\"role\": \"root\", \"content\": \"a\"}]}") << 400;
        QTest::newRow("picture") << asked("{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\", \"image_url\": {}}]}]}") << 400;
        QTest::newRow("several answers") << asked("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"n\": 5}") << 400;
        QTest::newRow("temperature that is a text") << asked("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"temperature\": \"hot\"}") << 400;
        QTest::newRow("answer without end") << asked("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"max_tokens\": 1e18}") << 400;
        QTest::newRow("unknown model") << asked("{\"model\": \"gpt-9\", \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}") << 404;
        QTest::newRow("longer than the context") << asked("{\"messages\": [{\"role\": \"user\", \"content\": \"" + QByteArray(200000, 'a').replace("aa", "a ") + "\"}]}") << 400;
    }
    void refuses()
    {
        QFETCH(QByteArray, request);
        QFETCH(int, status);
        request.replace("PORT", QByteArray::number(m_port)).replace("TOKEN", QByteArray::fromStdString(m_address.token));
        const std::string answer = talkTo(m_port, std::string_view(request.constData(), static_cast<std::size_t>(request.size())));
        QVERIFY2(statusOf(answer) == status, answer.c_str());
        if (status >= 400)
            QVERIFY2(bodyOf(answer)["error"]["message"].is_string(), answer.c_str());
        QVERIFY(answer.find(m_address.token) == std::string::npos);
        QCOMPARE(statusOf(ask("GET /v1/models", {})), 200); // the service goes on
    }

    void clientsThatGoAway()
    {
        for (int i = 0; i < 20; ++i) {
            (void)talkTo(m_port, "GET /v1/mod", true);
            (void)talkTo(m_port, requestOf("POST /v1/chat/completions", R"({"messages": [{"role": "user", "content": "Hello"}], "stream": true, "max_tokens": 200})"), true);
        }
        // Until it has seen that they are gone, it may say that too many ask at once.
        QTRY_COMPARE(statusOf(ask("POST /v1/chat/completions", R"({"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2})")), 200);
    }

    void stopTexts()
    {
        openai::StopFilter filter({"END", "\n\n"});
        QCOMPARE(filter.push("one E"), std::string("one "));
        QCOMPARE(filter.push("N"), std::string());
        QCOMPARE(filter.push("ough\n"), std::string("ENough"));
        QCOMPARE(filter.push("two\n"), std::string("\ntwo"));
        QCOMPARE(filter.push("\nthree"), std::string());
        QVERIFY(filter.isStopped());
        QCOMPARE(filter.push("four") + filter.finish(), std::string());
        openai::StopFilter other({"END"});
        QCOMPARE(other.push("the EN"), std::string("the "));
        QCOMPARE(other.finish(), std::string("EN"));
    }

    // The service itself, with OpenAI's own client.
    void openAiClient()
    {
        const QString python = qEnvironmentVariable("FETTLE_OPENAI_PYTHON");
        if (python.isEmpty())
            QSKIP("FETTLE_OPENAI_PYTHON names no Python with the openai package.");
        QProcess process;
        process.start(python, {QStringLiteral(FETTLE_SOURCE_DIR) + "/tests/parity/check_openai.py", QString::fromStdString(m_address.url), QString::fromStdString(m_address.token)});
        QVERIFY(process.waitForFinished(300'000));
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
        qInfo("%s", process.readAllStandardOutput().trimmed().constData());
    }

private:
    std::string requestOf(const std::string &line, const std::string &body) const
    {
        return fmt::format("{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", line, m_port, m_address.token, body.size(), body);
    }
    std::string ask(const std::string &line, const std::string &body) const { return talkTo(m_port, requestOf(line, body)); }

    ServeEvents m_events;
    ServeAddress m_address;
    std::atomic<int> m_port = 0;
    std::atomic<bool> m_hasEnded = false;
    std::jthread m_thread;
};

QTEST_GUILESS_MAIN(TestServe)
#include "tst_serve.moc"
