#include "core/io/loopback.h"

#include "core/base/words.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace fettle::io {

namespace {

bool waitFor(int descriptor, short events, std::chrono::milliseconds timeout)
{
    const auto end = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd entry{descriptor, events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (ready > 0)
            return true;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

} // namespace

LoopbackConnection::LoopbackConnection(LoopbackConnection &&other) noexcept : m_descriptor(std::exchange(other.m_descriptor, -1)) {}

LoopbackConnection::~LoopbackConnection()
{
    if (m_descriptor < 0)
        return;
    // Reads what is left for a moment, so that the other end gets our answer before it learns that its bytes were not wanted.
    ::shutdown(m_descriptor, SHUT_WR);
    char rest[4096];
    for (int i = 0; i < 64 && waitFor(m_descriptor, POLLIN, std::chrono::milliseconds(20)) && ::recv(m_descriptor, rest, sizeof rest, MSG_DONTWAIT) > 0; ++i) { }
    ::close(m_descriptor);
}

std::optional<std::string> LoopbackConnection::read(std::size_t maxBytes, std::chrono::milliseconds timeout)
{
    if (!waitFor(m_descriptor, POLLIN, timeout))
        return std::nullopt;
    std::string bytes(std::min<std::size_t>(maxBytes, 65536), '\0');
    const ssize_t count = ::recv(m_descriptor, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return std::nullopt;
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0); // a broken connection is a closed one
    return bytes;
}

bool LoopbackConnection::write(std::string_view bytes, std::chrono::milliseconds timeout)
{
    while (!bytes.empty()) {
        if (!waitFor(m_descriptor, POLLOUT, timeout))
            return false;
        const ssize_t count = ::send(m_descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        bytes.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    return true;
}

Result<LoopbackListener> LoopbackListener::open(int port)
{
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return fail(ErrorCode::NoPermission, tr("Cannot open a socket: {}.", std::strerror(errno)), tr("Check what this user may do."));
    LoopbackListener listener(descriptor, port);
    const int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(descriptor, reinterpret_cast<const sockaddr *>(&address), size) != 0 || ::listen(descriptor, 16) != 0
        || ::getsockname(descriptor, reinterpret_cast<sockaddr *>(&address), &size) != 0)
        return fail(errno == EACCES ? ErrorCode::NoPermission : ErrorCode::BadInput, tr("Cannot listen on port {}: {}.", port, std::strerror(errno)),
                    tr("Choose another port, or 0 for any free one."));
    listener.m_port = ntohs(address.sin_port);
    return listener;
}

LoopbackListener::LoopbackListener(LoopbackListener &&other) noexcept : m_descriptor(std::exchange(other.m_descriptor, -1)), m_port(other.m_port) {}

LoopbackListener::~LoopbackListener()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

std::optional<LoopbackConnection> LoopbackListener::accept(std::chrono::milliseconds timeout)
{
    if (!waitFor(m_descriptor, POLLIN, timeout))
        return std::nullopt;
    const int descriptor = ::accept4(m_descriptor, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0)
        return std::nullopt;
    const int on = 1; // tokens are small and must not wait for each other
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return LoopbackConnection(descriptor);
}

} // namespace fettle::io
