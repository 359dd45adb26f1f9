// The service for one's own programs: its sockets have threads of their own, its questions wait for the engine thread like all others.
// See bridge.h.
#include "ui/bridge/bridge.h"

#include <future>

namespace fettle::ui {

void Bridge::startServing(const std::string &adapter)
{
    if (m_serving.isOn || !m_project)
        return;
    engine::ServeOptions options;
    options.model = baseModel();
    options.adapter = adapter;
    const JobId id = m_servingJob = m_nextJob++;
    m_serving = {};
    m_serving.isOn = true;
    m_serving.served = adapter;
    emit servingChanged();
    m_service.post(id, [this, id, options, folder = m_folder](std::stop_token stop) {
        const auto change = [this, id](std::function<void(ServingState &)> what) {
            append(CallEvent{[this, id, what = std::move(what)] {
                if (id != m_servingJob)
                    return; // switched off meanwhile
                what(m_serving);
                emit servingChanged();
            }});
        };
        engine::ServeEvents events;
        events.started = [&](const engine::ServeAddress &address) { change([address](ServingState &state) { state.address = address; }); };
        events.answered = [&](const std::string &, const std::string &, int status) {
            change([status](ServingState &state) { ++(status < 400 ? state.answered : state.refused); });
        };
        const engine::Answerer answerer = [this, model = options.model, folder](const engine::GenerateRequest &request, const engine::GenerateEvents &answers,
                                                                                std::stop_token own) { return answerProgram(model, folder, request, answers, std::move(own)); };
        const Result<> served = caught([&] { return m_engine->serve(options, answerer, events, stop); });
        const bool isOver = stop.stop_requested();
        change([served, isOver](ServingState &state) {
            state = {};
            if (!served && !isOver)
                state.failure = served.error();
        });
    });
}

void Bridge::stopServing()
{
    if (!m_serving.isOn)
        return;
    m_service.cancel(std::exchange(m_servingJob, 0));
    m_serving = {};
    emit servingChanged();
}

// The caller is a thread of the service, which waits here; its callbacks are called on the engine thread meanwhile.
Bridge::Answers Bridge::answerProgram(const std::string &model, const std::filesystem::path &folder, const engine::GenerateRequest &request,
                                      const engine::GenerateEvents &events, std::stop_token stop)
{
    const JobId id = m_nextJob++;
    const auto promise = std::make_shared<std::promise<Answers>>();
    auto answers = promise->get_future();
    m_heavy.postServable(
        id,
        [this, id, promise, &model, &folder, &request, &events, outer = stop](std::stop_token inner) {
            std::stop_source any;
            const std::stop_callback followOuter(outer, [&any] { any.request_stop(); });
            const std::stop_callback followInner(inner, [&any] { any.request_stop(); });
            append(CallEvent{[this, id] {
                JobInfo info;
                info.id = id;
                info.kind = JobInfo::Kind::Answer;
                info.title = tr("Answering a program");
                info.canCancel = true;
                showJob(info);
            }});
            Answers result = caught([&] { return answerNow(id, model, folder, request, events, any.get_token()); });
            appendEnd(id);
            promise->set_value(std::move(result)); // nothing of the caller's is used from here on
        },
        [promise] { promise->set_value(fail(ErrorCode::Cancelled, tr("The service was switched off.").toStdString())); }, kAnswerKey);
    const std::stop_callback withdraw(stop, [this, id] { m_heavy.cancel(id); });
    try {
        return answers.get();
    } catch (const std::future_error &) { // the queue ended with the question in it
        return fail(ErrorCode::Cancelled, tr("The program is closing.").toStdString());
    }
}

} // namespace fettle::ui
