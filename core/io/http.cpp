#include "core/io/http.h"

#include "core/base/words.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace fettle::io {

namespace {

using Refused = tl::unexpected<HttpRefusal>;

bool isTokenCharacter(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

std::optional<HttpRefusal> parseRequestLine(std::string_view line, HttpRequest &request)
{
    const auto first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return HttpRefusal{400, "The request line is broken."};
    const std::string_view method = line.substr(0, first), target = line.substr(first + 1, last - first - 1), version = line.substr(last + 1);
    if (method.empty() || !std::all_of(method.begin(), method.end(), isTokenCharacter))
        return HttpRefusal{400, "The method is broken."};
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return HttpRefusal{505, "Only HTTP/1.1 is spoken here."};
    if (!target.starts_with('/') || !std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 127; }))
        return HttpRefusal{400, "The target is no path."};
    request.method = method;
    request.path = target.substr(0, target.find('?'));
    return std::nullopt;
}

std::optional<HttpRefusal> parseHeader(std::string_view line, HttpRequest &request)
{
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || !std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), isTokenCharacter))
        return HttpRefusal{400, "A header is broken."};
    std::string name(line.substr(0, colon));
    for (char &c : name)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) >= 32 || c == '\t'; }))
        return HttpRefusal{400, "A header holds control characters."};
    // Twice the same header is how two readers come to see two requests.
    if (!request.headers.emplace(std::move(name), value).second)
        return HttpRefusal{400, "A header stands twice."};
    return std::nullopt;
}

std::optional<HttpRefusal> parseHead(std::string_view head, HttpRequest &request)
{
    bool isFirst = true;
    while (!head.empty()) {
        const auto end = head.find("\r\n");
        const std::string_view line = head.substr(0, end);
        if (line.find('\n') != std::string_view::npos || line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos)
            return HttpRefusal{400, "A line of the head is broken."};
        if (auto refusal = isFirst ? parseRequestLine(line, request) : parseHeader(line, request))
            return refusal;
        isFirst = false;
        head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    }
    return isFirst ? std::optional(HttpRefusal{400, "The request is empty."}) : std::nullopt;
}

std::string_view reasonOf(int status)
{
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
    }
}

} // namespace

std::string_view HttpRequest::header(std::string_view name) const
{
    const auto found = headers.find(std::string(name));
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

tl::expected<HttpRequest, HttpRefusal> readHttpRequest(LoopbackConnection &connection, const HttpLimits &limits, const std::function<std::optional<HttpRefusal>(const HttpRequest &)> &headChecked,
                                                       std::stop_token stop)
{
    const auto end = std::chrono::steady_clock::now() + limits.wholeRequest;
    std::string bytes;
    // False: the time is over, or the other end has gone.
    const auto readMore = [&](std::size_t wanted) {
        while (!stop.stop_requested() && std::chrono::steady_clock::now() < end) {
            auto more = connection.read(wanted, std::chrono::milliseconds(100));
            if (!more)
                continue;
            bytes += *more;
            return !more->empty();
        }
        return false;
    };
    std::size_t headEnd;
    while ((headEnd = bytes.find("\r\n\r\n")) == std::string::npos) {
        if (bytes.size() > limits.headBytes)
            return Refused({431, "The head of the request is too long."});
        if (!readMore(limits.headBytes))
            return Refused({408, "The request did not come as a whole."});
    }
    if (headEnd > limits.headBytes)
        return Refused({431, "The head of the request is too long."});
    HttpRequest request;
    if (auto refusal = parseHead(std::string_view(bytes).substr(0, headEnd), request))
        return Refused(*refusal);
    if (request.headers.contains("transfer-encoding"))
        return Refused({501, "Send the body with a Content-Length."});
    std::size_t length = 0;
    if (const std::string_view text = request.header("content-length"); request.headers.contains("content-length")) {
        const auto [last, error] = std::from_chars(text.data(), text.data() + text.size(), length);
        if (text.empty() || error == std::errc::invalid_argument || last != text.data() + text.size())
            return Refused({400, "Content-Length is no number."});
        if (error != std::errc() || length > limits.bodyBytes)
            return Refused({413, fmt::format("The body may have {} bytes.", limits.bodyBytes)});
    }
    if (auto refusal = headChecked(request))
        return Refused(*refusal);
    bytes.erase(0, headEnd + 4);
    while (bytes.size() < length)
        if (!readMore(length - bytes.size()))
            return Refused({408, "The request did not come as a whole."});
    request.body = bytes.substr(0, length); // one request for each connection: what follows is not read
    return request;
}

std::string httpHead(int status, std::string_view contentType, std::int64_t bodyBytes)
{
    std::string head = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nConnection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n", status, reasonOf(status), contentType);
    if (bodyBytes >= 0)
        head += fmt::format("Content-Length: {}\r\n", bodyBytes);
    return head + "\r\n";
}

} // namespace fettle::io
