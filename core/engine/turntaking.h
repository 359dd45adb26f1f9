// Several models that answer the same question, one at work at a time: each computes a pass, then the next one does, so that their answers
// grow together and no two fight for the processor. Internal header of the engine.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace fettle::engine {

class TurnTaking {
public:
    // The first of them has the turn.
    explicit TurnTaking(std::size_t count)
        : m_isHere(count, 1)
    {
    }

    void waitFor(std::size_t own)
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] { return m_turn == own; });
    }
    // Lets the next go on and comes back when it is this one's turn again. At once where it is the last one here.
    void passOn(std::size_t own)
    {
        giveTurn(own);
        waitFor(own);
    }
    void leave(std::size_t own)
    {
        {
            const std::lock_guard lock(m_mutex);
            m_isHere[own] = 0;
        }
        giveTurn(own);
    }

private:
    void giveTurn(std::size_t own)
    {
        {
            const std::lock_guard lock(m_mutex);
            for (std::size_t i = 1; i <= m_isHere.size(); ++i) {
                const std::size_t next = (own + i) % m_isHere.size();
                if (m_isHere[next]) {
                    m_turn = next;
                    break;
                }
            }
        }
        m_changed.notify_all();
    }

    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::vector<char> m_isHere;
    std::size_t m_turn = 0;
};

} // namespace fettle::engine
