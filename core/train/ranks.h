// The processes that train one run together (mpirun -n N): each reads its share of a step's records, sums and decisions are exchanged here.
// A program that was started alone has one process, and every call returns at once. MPI is seen by ranks.cpp alone.
#pragma once

#include "core/base/result.h"

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace fettle::train {

class Ranks {
public:
    // The processes of the launcher that started this program; one when none did. Call once, from the thread that will train.
    // stop: the launcher ends us, because one of the processes is gone or someone wishes it: no exchange then waits for long.
    // Errors: Usage (started by mpirun, but this program was built without MPI).
    [[nodiscard]] static Result<std::shared_ptr<Ranks>> join(std::stop_token stop);
    // What join has found for this program; null before it.
    [[nodiscard]] static Ranks *ofThisProgram();
    // Takes leave of the others. Where the exit code is not 0, and they do not know of the failure, they are ended as well.
    void leave(int exitCode);
    ~Ranks();
    Ranks(const Ranks &) = delete;
    Ranks &operator=(const Ranks &) = delete;

    [[nodiscard]] int rank() const { return m_rank; }   // 0 owns the project
    [[nodiscard]] int count() const { return m_count; }
    [[nodiscard]] bool isAlone() const { return m_count == 1; }
    // Processor threads for this process, so that those of one machine share its cores.
    [[nodiscard]] int threads() const;

    // Every process calls these in the same order. Errors: Internal (another process does not answer any more).
    // The sum over all processes, the same bits in each of them.
    [[nodiscard]] Result<> sum(std::span<float> values);
    [[nodiscard]] Result<> sum(std::span<double> values);
    // What process 0 holds.
    [[nodiscard]] Result<> broadcast(std::string &bytes);
    // Fails in all processes when it failed in one, with the message of the first.
    [[nodiscard]] Result<> agree(const Result<> &own);

private:
    Ranks() = default;
    template <class Start>
    [[nodiscard]] Result<> exchange(const Start &start);
    int m_rank = 0, m_count = 1, m_local = 1; // m_local: processes on this machine
    bool m_isJoined = false;
    bool m_hasFailedTogether = false; // all know that the run has ended
    std::stop_token m_stop;
};

// Records of the given lengths (in tokens) that process `rank` of `count` reads: places in `lengths`, about the same number of tokens for each.
// Alone: all, in their order.
[[nodiscard]] std::vector<std::int64_t> shareOf(std::span<const std::int64_t> lengths, int rank, int count);

} // namespace fettle::train
