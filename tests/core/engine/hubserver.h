// A small web server that behaves as a hub does, or as a broken one: each answer is what the test says, cut off where it says.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cctype>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace fettle::fixture {

struct WebRequest {
    std::string path, range, token; // with the query; values of the headers, empty where there are none
    [[nodiscard]] std::size_t from() const { return range.empty() ? 0 : std::stoul(range.substr(6)); } // "bytes=100-"
};

struct WebAnswer {
    int status = 200;
    std::vector<std::string> headers = {};
    std::string body = {};
    std::size_t cutAfter = std::string::npos;  // bytes of the body: then the connection breaks
    std::size_t slowAfter = std::string::npos; // bytes of the body: then it comes byte by byte, until the other side hangs up
};

class HubServer {
public:
    std::function<WebAnswer(const WebRequest &)> answer; // set before the first request; called on the server's thread

    HubServer()
    {
        m_socket = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(m_socket, reinterpret_cast<sockaddr *>(&address), size);
        ::listen(m_socket, 16);
        ::getsockname(m_socket, reinterpret_cast<sockaddr *>(&address), &size);
        m_url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        m_thread = std::thread([this] { serve(); });
    }
    HubServer(const HubServer &) = delete;
    HubServer &operator=(const HubServer &) = delete;
    ~HubServer()
    {
        m_isEnding = true;
        m_thread.join();
        ::close(m_socket);
    }
    [[nodiscard]] const std::string &url() const { return m_url; }
    [[nodiscard]] std::vector<WebRequest> requests() const
    {
        const std::scoped_lock lock(m_mutex);
        return m_requests;
    }

private:
    void serve()
    {
        while (!m_isEnding) {
            pollfd wait{m_socket, POLLIN, 0};
            if (::poll(&wait, 1, 20) <= 0)
                continue;
            const int connection = ::accept(m_socket, nullptr, nullptr);
            talk(connection);
            ::close(connection);
        }
    }
    static std::string header(const std::string &head, const std::string &name)
    {
        std::string lower = head;
        for (char &c : lower)
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        const auto at = lower.find("\r\n" + name + ": ");
        return at == std::string::npos ? std::string() : head.substr(at + name.size() + 4, head.find("\r\n", at + 2) - at - name.size() - 4);
    }
    void talk(int connection)
    {
        std::string head;
        char buffer[4096];
        while (head.find("\r\n\r\n") == std::string::npos) {
            const ssize_t count = ::recv(connection, buffer, sizeof buffer, 0);
            if (count <= 0)
                return;
            head.append(buffer, static_cast<std::size_t>(count));
        }
        const WebRequest request{head.substr(4, head.find(' ', 4) - 4), header(head, "range"), header(head, "authorization")};
        {
            const std::scoped_lock lock(m_mutex);
            m_requests.push_back(request);
        }
        const WebAnswer made = answer(request);
        std::string text = "HTTP/1.1 " + std::to_string(made.status) + " X\r\nConnection: close\r\n";
        for (const std::string &line : made.headers)
            text += line + "\r\n";
        text += "\r\n" + made.body.substr(0, std::min(made.cutAfter, made.slowAfter));
        for (std::size_t sent = 0; sent < text.size();) {
            const ssize_t count = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (count <= 0)
                return;
            sent += static_cast<std::size_t>(count);
        }
        pollfd hangUp{connection, POLLIN, 0};
        for (std::size_t next = made.slowAfter; next < made.body.size() && !m_isEnding && ::poll(&hangUp, 1, 50) == 0; ++next)
            ::send(connection, made.body.data() + next, 1, MSG_NOSIGNAL);
    }

    int m_socket = -1;
    std::string m_url;
    std::thread m_thread;
    std::atomic<bool> m_isEnding = false;
    mutable std::mutex m_mutex;
    std::vector<WebRequest> m_requests;
};

} // namespace fettle::fixture
