// One thread for each connection, at most kMostConnections; the model answers one question after the other.
#include "core/engine/serve.h"

#include "core/base/caught.h"
#include "core/base/words.h"
#include "core/engine/openai.h"
#include "core/io/http.h"

#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <list>
#include <mutex>
#include <random>
#include <thread>

namespace fettle::engine {

namespace {

using io::HttpRefusal;
using io::HttpRequest;
using Json = nlohmann::ordered_json;

constexpr int kMostConnections = 16;
constexpr std::chrono::milliseconds kWriteTime{5000};

std::string randomToken()
{
    std::random_device device;
    std::string token = "fettle-";
    for (int i = 0; i < 8; ++i)
        token += fmt::format("{:08x}", device());
    return token;
}

// The time does not tell how much of it was right.
bool isSame(std::string_view a, std::string_view b)
{
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i % std::max<std::size_t>(1, b.size())]);
    return difference == 0;
}

std::string dumped(const Json &json)
{
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

class Server {
public:
    Server(const Answerer &answerer, ServeOptions options, ServeAddress address, int port, const ServeEvents &events)
        : m_answerer(answerer), m_options(std::move(options)), m_address(std::move(address)), m_port(port), m_events(events)
    {
    }

    void answer(io::LoopbackConnection connection, std::stop_token stop)
    {
        const auto request = io::readHttpRequest(connection, {}, [this](const HttpRequest &head) { return refusalOf(head); }, stop);
        if (!request) {
            refuse(connection, request.error().status, request.error().reason);
            report("-", "-", request.error().status);
            return;
        }
        const int status = route(connection, *request, stop);
        report(request->method, request->path, status);
    }

    void refuse(io::LoopbackConnection &connection, int status, const std::string &reason) { send(connection, status, dumped(openai::errorAnswer(status, reason))); }

private:
    [[nodiscard]] bool isOwnName(std::string_view host) const { return host == fmt::format("127.0.0.1:{}", m_port) || host == fmt::format("localhost:{}", m_port); }

    // Before the body is read. A page in the browser that reaches this port by another name, or from another origin, gets nothing.
    [[nodiscard]] std::optional<HttpRefusal> refusalOf(const HttpRequest &head) const
    {
        if (!isOwnName(head.header("host")))
            return HttpRefusal{403, "This service answers to its own name only."};
        if (head.headers.contains("origin")) {
            const std::string_view origin = head.header("origin");
            if (!origin.starts_with("http://") || !isOwnName(origin.substr(7)))
                return HttpRefusal{403, "Pages of other origins are not answered."};
        }
        const std::string_view key = head.header("authorization");
        if (!key.starts_with("Bearer ") || !isSame(key.substr(7), m_address.token))
            return HttpRefusal{401, "The token is missing or wrong. It is new at every start."};
        const bool isPost = head.path == "/v1/chat/completions" || head.path == "/v1/completions";
        if (!isPost && head.path != "/v1/models")
            return HttpRefusal{404, "There is no such place. There are /v1/chat/completions, /v1/completions and /v1/models."};
        if (head.method != (isPost ? "POST" : "GET"))
            return HttpRefusal{405, isPost ? "Use POST here." : "Use GET here."};
        const std::string_view type = head.header("content-type");
        if (isPost && type.substr(0, type.find(';')) != "application/json")
            return HttpRefusal{415, "Send application/json."};
        return std::nullopt;
    }

    int send(io::LoopbackConnection &connection, int status, const std::string &body)
    {
        (void)connection.write(io::httpHead(status, "application/json", static_cast<std::int64_t>(body.size())) + body, kWriteTime);
        return status;
    }

    int route(io::LoopbackConnection &connection, const HttpRequest &request, std::stop_token stop)
    {
        if (request.method == "GET")
            return send(connection, 200, dumped(openai::modelList(m_address.models, now())));
        auto question = openai::parseQuestion(request.path == "/v1/completions" ? openai::Kind::Completion : openai::Kind::Chat, request.body);
        if (!question)
            return send(connection, 400, dumped(openai::errorAnswer(400, question.error().message)));
        const bool isBase = question->model == "base" || m_options.adapter == "base";
        if (std::find(m_address.models.begin(), m_address.models.end(), question->model) == m_address.models.end() && !question->model.empty())
            return send(connection, 404, dumped(openai::errorAnswer(404, "There is no model \"" + question->model.substr(0, 100) + "\" here: see /v1/models.")));
        question->request.columns = {isBase ? ColumnChoice{} : ColumnChoice{m_options.adapter, m_options.strength}};
        const openai::Head head{fmt::format("{}-{}", question->kind == openai::Kind::Chat ? "chatcmpl" : "cmpl", ++m_count), isBase ? "base" : "tuned", now(), question->kind};
        return generate(connection, *question, head, stop);
    }

    int generate(io::LoopbackConnection &connection, const openai::Question &question, const openai::Head &head, std::stop_token stop)
    {
        const std::lock_guard lock(m_mutex); // one question after the other
        std::stop_source own; // also when the client has gone, or a stop text was written
        const std::stop_callback follow(stop, [&own] { own.request_stop(); });
        openai::StopFilter filter(question.stops);
        std::string text;
        std::int64_t promptTokens = 0;
        bool hasBegun = false;
        const auto sendPart = [&](const Json &part) {
            if (!connection.write("data: " + dumped(part) + "\n\n", kWriteTime))
                own.request_stop();
        };
        const auto show = [&](const std::string &piece) {
            text += piece;
            if (question.isStream && !piece.empty())
                sendPart(openai::answerPart(head, piece, false, {}));
        };
        GenerateEvents events;
        events.started = [&](const std::vector<ColumnBadge> &, std::int64_t tokens) {
            promptTokens = tokens;
            hasBegun = question.isStream;
            if (!question.isStream)
                return;
            if (!connection.write(io::httpHead(200, "text/event-stream", -1), kWriteTime))
                own.request_stop();
            if (head.kind == openai::Kind::Chat)
                sendPart(openai::answerPart(head, {}, true, {}));
        };
        events.token = [&](const GeneratedToken &token) {
            show(filter.push(token.text));
            if (filter.isStopped())
                own.request_stop();
        };
        auto results = m_answerer(question.request, events, own.get_token());
        if (!results && !hasBegun) {
            const bool isTheirs = results.error().code == ErrorCode::BadInput || results.error().code == ErrorCode::Usage;
            return send(connection, isTheirs ? 400 : 503, dumped(openai::errorAnswer(isTheirs ? 400 : 503, results.error().message)));
        }
        if (!results) {
            sendPart(openai::errorAnswer(500, results.error().message));
            return 500;
        }
        show(filter.finish());
        const auto &result = results->front();
        const std::string_view finish = filter.isStopped() ? "stop" : openai::finishName(result.finish);
        const auto tokens = static_cast<std::int64_t>(result.ids.size());
        if (!question.isStream)
            return send(connection, 200, dumped(openai::wholeAnswer(head, text, finish, promptTokens, tokens)));
        sendPart(openai::answerPart(head, {}, false, finish));
        if (question.includesUsage)
            sendPart(openai::usagePart(head, promptTokens, tokens));
        (void)connection.write("data: [DONE]\n\n", kWriteTime);
        return 200;
    }

    void report(const std::string &method, const std::string &path, int status) const
    {
        if (m_events.answered)
            m_events.answered(method, path, status);
    }

    [[nodiscard]] static std::int64_t now() { return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

    const Answerer &m_answerer;
    ServeOptions m_options;
    ServeAddress m_address;
    int m_port;
    const ServeEvents &m_events;
    std::mutex m_mutex;
    std::atomic<int> m_count = 0;
};

} // namespace

Result<> serve(const ServeOptions &options, const Project *project, const ServeEvents &events, const ProgressCallback &progress, std::stop_token stop)
{
    auto playground = Playground::open(options.model, options.compute, progress, stop);
    if (!playground)
        return passError(playground);
    return serveWith(options, [&](const GenerateRequest &request, const GenerateEvents &answers, std::stop_token own) {
        return (*playground)->generate(request, project, answers, std::move(own));
    }, events, stop);
}

Result<> serveWith(const ServeOptions &options, const Answerer &answerer, const ServeEvents &events, std::stop_token stop)
{
    // An adapter that cannot be used is told now, not to the first client.
    if (options.adapter != "base") {
        GenerateRequest trial;
        trial.columns = {{options.adapter, options.strength}};
        trial.conversation = {{data::Role::User, "Hello", {}}};
        trial.sampling.maxTokens = 1;
        if (auto tried = answerer(trial, {}, stop); !tried)
            return passError(tried);
    }
    auto listener = io::LoopbackListener::open(options.port);
    if (!listener)
        return passError(listener);
    ServeAddress address{fmt::format("http://127.0.0.1:{}/v1", listener->port()), randomToken(), {}};
    address.models = options.adapter == "base" ? std::vector<std::string>{"base"} : std::vector<std::string>{"tuned", "base"};
    Server server(answerer, options, address, listener->port(), events);
    if (events.started)
        events.started(address);
    struct Worker {
        std::atomic<bool> isDone = false;
        std::jthread thread;
    };
    std::list<Worker> workers;
    while (!stop.stop_requested()) {
        workers.remove_if([](const Worker &worker) { return worker.isDone.load(); });
        auto connection = listener->accept(std::chrono::milliseconds(100));
        if (!connection)
            continue;
        if (workers.size() >= kMostConnections) {
            server.refuse(*connection, 503, "Too many programs ask at once.");
            continue;
        }
        Worker &worker = workers.emplace_back();
        worker.thread = std::jthread([&server, &worker, stop, shared = std::make_shared<io::LoopbackConnection>(std::move(*connection))]() mutable {
            (void)caught([&]() -> Result<> { // the program that asked sees its connection end
                server.answer(std::move(*shared), stop);
                return {};
            });
            worker.isDone = true;
        });
    }
    return {};
}

} // namespace fettle::engine
