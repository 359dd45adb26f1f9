// An OpenAI-compatible service on the loopback address, so that one's own programs can try the tuned model. Off unless asked for; nothing can be reached
// without the token, which is new at every start.
#pragma once

#include "core/engine/playground.h"

namespace fettle::engine {

struct ServeOptions {
    std::string model, adapter = "base"; // adapter: as ColumnChoice
    double strength = 1.0;
    int port = 0; // 0: any free one
    ComputeOptions compute;
};

struct ServeAddress {
    std::string url;   // "http://127.0.0.1:41234/v1"
    std::string token; // what clients send as their API key
    std::vector<std::string> models; // "tuned", "base"
};

struct ServeEvents {
    std::function<void(const ServeAddress &)> started;
    std::function<void(const std::string &method, const std::string &path, int status)> answered; // from several threads
};

// Who answers; called from several threads, one at a time.
using Answerer = std::function<Result<std::vector<ColumnResult>>(const GenerateRequest &request, const GenerateEvents &events, std::stop_token stop)>;
// Serves until stopped (Ok then). Errors: those of the answerer on a first trial, BadInput (the port is taken).
[[nodiscard]] Result<> serveWith(const ServeOptions &options, const Answerer &answerer, const ServeEvents &events = {}, std::stop_token stop = {});
// The same with a model of its own. Serves until stopped (Ok then). Errors: those of Playground::open, BadInput (the port is taken).
[[nodiscard]] Result<> serve(const ServeOptions &options, const Project *project, const ServeEvents &events = {}, const ProgressCallback &progress = {}, std::stop_token stop = {});

} // namespace fettle::engine
