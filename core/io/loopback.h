// TCP on the loopback address: the one file that knows the system's sockets. Nothing here can be reached from another computer.
#pragma once

#include "core/base/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fettle::io {

// One end of a connection; closed when destroyed.
class LoopbackConnection {
public:
    explicit LoopbackConnection(int descriptor) : m_descriptor(descriptor) {}
    LoopbackConnection(LoopbackConnection &&other) noexcept;
    LoopbackConnection &operator=(LoopbackConnection &&) = delete;
    ~LoopbackConnection();

    // What has come, at most maxBytes; empty when the other end has closed or the connection broke. Nothing: no byte within the time.
    [[nodiscard]] std::optional<std::string> read(std::size_t maxBytes, std::chrono::milliseconds timeout);
    // False when the other end has gone, or takes nothing for the time.
    [[nodiscard]] bool write(std::string_view bytes, std::chrono::milliseconds timeout);

private:
    int m_descriptor = -1;
};

class LoopbackListener {
public:
    // port 0: any free one. Errors: BadInput (the port is taken), NoPermission.
    [[nodiscard]] static Result<LoopbackListener> open(int port);
    LoopbackListener(LoopbackListener &&other) noexcept;
    LoopbackListener &operator=(LoopbackListener &&) = delete;
    ~LoopbackListener();

    [[nodiscard]] int port() const { return m_port; }
    // Nothing when nobody came within the time.
    [[nodiscard]] std::optional<LoopbackConnection> accept(std::chrono::milliseconds timeout);

private:
    LoopbackListener(int descriptor, int port) : m_descriptor(descriptor), m_port(port) {}
    int m_descriptor = -1, m_port = 0;
};

} // namespace fettle::io
