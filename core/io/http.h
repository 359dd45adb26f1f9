// As much of HTTP/1.1 as a small local service needs, strict: what is not plainly right is refused. One request for each connection.
#pragma once

#include "core/io/loopback.h"

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>

namespace fettle::io {

struct HttpRequest {
    std::string method, path; // path without query
    std::map<std::string, std::string> headers; // names in lower case
    std::string body;

    [[nodiscard]] std::string_view header(std::string_view name) const; // empty where there is none
};

struct HttpLimits {
    std::size_t headBytes = 16 * 1024;
    std::size_t bodyBytes = 4 * 1024 * 1024;
    std::chrono::milliseconds wholeRequest{10'000}; // until the last byte has come
};

// The status that answers a broken request: 400, 408, 413, 431, 501, 505.
struct HttpRefusal {
    int status = 400;
    std::string reason;
};

// headChecked is asked before the body is read, so that a stranger's body never is.
[[nodiscard]] tl::expected<HttpRequest, HttpRefusal> readHttpRequest(LoopbackConnection &connection, const HttpLimits &limits,
                                                                     const std::function<std::optional<HttpRefusal>(const HttpRequest &)> &headChecked, std::stop_token stop);
// "HTTP/1.1 200 OK" with the headers of every answer; bodyBytes below 0: the body ends with the connection (a stream of events).
[[nodiscard]] std::string httpHead(int status, std::string_view contentType, std::int64_t bodyBytes);

} // namespace fettle::io
