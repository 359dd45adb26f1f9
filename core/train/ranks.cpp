// Exchanges are begun and then asked for, so that a process that is gone does not hold the others for ever.
#include "core/train/ranks.h"

#include "core/base/processor.h"
#include "core/base/words.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#ifdef FETTLE_WITH_MPI
#include <mpi.h>
#endif

namespace fettle::train {
namespace {

Ranks *theirs = nullptr;

// What launchers leave in the environment of a process that belongs to others.
bool hasLauncher()
{
    for (const char *name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"}) {
        if (std::getenv(name))
            return true;
    }
    return false;
}

} // namespace

std::vector<std::int64_t> shareOf(std::span<const std::int64_t> lengths, int rank, int count)
{
    std::vector<std::int64_t> places(lengths.size());
    std::iota(places.begin(), places.end(), 0);
    if (count == 1)
        return places;
    // The longest first, each to the process with the fewest tokens so far.
    std::stable_sort(places.begin(), places.end(), [&](std::int64_t a, std::int64_t b) { return lengths[static_cast<std::size_t>(a)] > lengths[static_cast<std::size_t>(b)]; });
    std::vector<std::int64_t> load(static_cast<std::size_t>(count), 0), own;
    for (const std::int64_t place : places) {
        const auto least = std::min_element(load.begin(), load.end());
        *least += lengths[static_cast<std::size_t>(place)];
        if (least - load.begin() == rank)
            own.push_back(place);
    }
    std::sort(own.begin(), own.end());
    return own;
}

Ranks *Ranks::ofThisProgram() { return theirs; }

int Ranks::threads() const
{
    const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    return std::max(1, std::min(usableCores(), cores / m_local));
}

#ifdef FETTLE_WITH_MPI

namespace {

constexpr auto kPatience = std::chrono::milliseconds(300); // for an exchange, once the launcher ends us
constexpr auto kPause = std::chrono::microseconds(200);    // between two questions whether the others have come

} // namespace

Result<std::shared_ptr<Ranks>> Ranks::join(std::stop_token stop)
{
    std::shared_ptr<Ranks> ranks(new Ranks);
    theirs = ranks.get();
    if (!hasLauncher())
        return ranks;
    int level = 0;
    if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS)
        return fail(ErrorCode::Internal, tr("The processes of this run cannot find each other."), tr("Start fettle without mpirun, or check how MPI is set up here."));
    ranks->m_isJoined = true;
    ranks->m_stop = std::move(stop);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks->m_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks->m_count);
    MPI_Comm here = MPI_COMM_NULL;
    if (MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here) == MPI_SUCCESS) {
        MPI_Comm_size(here, &ranks->m_local);
        MPI_Comm_free(&here);
    }
    return ranks;
}

void Ranks::leave(int exitCode)
{
    if (!m_isJoined)
        return;
    m_isJoined = false;
    if (exitCode != 0 && m_count > 1 && !m_hasFailedTogether)
        MPI_Abort(MPI_COMM_WORLD, exitCode);
    MPI_Finalize();
}

Ranks::~Ranks()
{
    leave(1);
    theirs = nullptr;
}

// start(request) begins an exchange. First all come together, with pauses, because the slowest may be seconds away; then the values pass.
template <class Start>
Result<> Ranks::exchange(const Start &start)
{
    using Clock = std::chrono::steady_clock;
    const auto wait = [this](int begun, MPI_Request request, bool isPatient) {
        int isDone = 0;
        std::optional<Clock::time_point> end;
        while (begun == MPI_SUCCESS && MPI_Test(&request, &isDone, MPI_STATUS_IGNORE) == MPI_SUCCESS) {
            if (isDone)
                return true;
            if (m_stop.stop_requested() && !end)
                end = Clock::now() + kPatience;
            if (end && Clock::now() > *end)
                break;
            if (isPatient)
                std::this_thread::sleep_for(kPause);
            else
                std::this_thread::yield();
        }
        return false;
    };
    MPI_Request request = MPI_REQUEST_NULL;
    int begun = MPI_Ibarrier(MPI_COMM_WORLD, &request);
    bool isDone = wait(begun, request, true);
    if (isDone) {
        begun = start(&request);
        isDone = wait(begun, request, false);
    }
    if (!isDone)
        return fail(ErrorCode::Internal, tr("Another of the {} processes of this run does not answer any more.", m_count),
                    tr("What was learnt up to the last checkpoint is kept: resume the run, with any number of processes."));
    return {};
}

namespace {

template <class Value>
struct TypeOf;
template <>
struct TypeOf<float> { static MPI_Datatype get() { return MPI_FLOAT; } };
template <>
struct TypeOf<double> { static MPI_Datatype get() { return MPI_DOUBLE; } };

// Added up in process 0 and sent back: so that no process has other bits than the rest.
template <class Value>
int beginReduce(std::span<Value> values, int rank, MPI_Request *request)
{
    return MPI_Ireduce(rank == 0 ? MPI_IN_PLACE : values.data(), values.data(), static_cast<int>(values.size()), TypeOf<Value>::get(), MPI_SUM, 0, MPI_COMM_WORLD, request);
}

template <class Value>
int beginBroadcast(std::span<Value> values, MPI_Request *request)
{
    return MPI_Ibcast(values.data(), static_cast<int>(values.size()), TypeOf<Value>::get(), 0, MPI_COMM_WORLD, request);
}

constexpr std::size_t kMostValues = std::size_t{1} << 28; // in one exchange: MPI counts with int

} // namespace

Result<> Ranks::sum(std::span<float> values)
{
    for (; m_count > 1 && !values.empty(); values = values.subspan(std::min(values.size(), kMostValues))) {
        const std::span<float> part = values.first(std::min(values.size(), kMostValues));
        if (auto done = exchange([&](MPI_Request *request) { return beginReduce(part, m_rank, request); }); !done)
            return done;
        if (auto done = exchange([&](MPI_Request *request) { return beginBroadcast(part, request); }); !done)
            return done;
    }
    return {};
}

Result<> Ranks::sum(std::span<double> values)
{
    if (m_count == 1)
        return {};
    if (auto done = exchange([&](MPI_Request *request) { return beginReduce(values, m_rank, request); }); !done)
        return done;
    return exchange([&](MPI_Request *request) { return beginBroadcast(values, request); });
}

Result<> Ranks::broadcast(std::string &bytes)
{
    if (m_count == 1)
        return {};
    auto size = static_cast<std::uint64_t>(bytes.size());
    if (auto done = exchange([&](MPI_Request *request) { return MPI_Ibcast(&size, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, request); }); !done)
        return done;
    bytes.resize(size);
    for (std::size_t begin = 0; begin < size; begin += kMostValues) {
        const auto part = static_cast<int>(std::min(size - begin, kMostValues));
        if (auto done = exchange([&](MPI_Request *request) { return MPI_Ibcast(bytes.data() + begin, part, MPI_BYTE, 0, MPI_COMM_WORLD, request); }); !done)
            return done;
    }
    return {};
}

#else

Result<std::shared_ptr<Ranks>> Ranks::join(std::stop_token)
{
    if (hasLauncher() && std::getenv("OMPI_COMM_WORLD_SIZE") && std::string_view(std::getenv("OMPI_COMM_WORLD_SIZE")) != "1")
        return fail(ErrorCode::Usage, tr("This fettle was built without MPI: it cannot train in several processes."),
                    tr("Install libopenmpi-dev, build again, or start it without mpirun."));
    std::shared_ptr<Ranks> ranks(new Ranks);
    theirs = ranks.get();
    return ranks;
}

void Ranks::leave(int) { }
Ranks::~Ranks() { theirs = nullptr; }
Result<> Ranks::sum(std::span<float>) { return {}; }
Result<> Ranks::sum(std::span<double>) { return {}; }
Result<> Ranks::broadcast(std::string &) { return {}; }

#endif

Result<> Ranks::agree(const Result<> &own)
{
    if (m_count == 1)
        return own;
    constexpr std::size_t kLength = 400; // bytes of a message that travel
    std::vector<float> letters(kLength * static_cast<std::size_t>(m_count), 0.0f);
    if (!own) {
        const std::string &message = own.error().message;
        for (std::size_t i = 0; i < std::min(kLength, message.size()); ++i)
            letters[static_cast<std::size_t>(m_rank) * kLength + i] = static_cast<float>(static_cast<unsigned char>(message[i]));
    }
    if (auto done = sum(std::span(letters)); !done)
        return done;
    m_hasFailedTogether = std::ranges::any_of(letters, [](float letter) { return letter > 0; });
    for (std::size_t rank = 0; rank < static_cast<std::size_t>(m_count); ++rank) {
        std::string message;
        for (std::size_t i = 0; i < kLength && letters[rank * kLength + i] > 0.0f; ++i)
            message += static_cast<char>(static_cast<unsigned char>(letters[rank * kLength + i]));
        if (!message.empty() && (own || static_cast<int>(rank) != m_rank))
            return fail(ErrorCode::Internal, tr("Process {} of this run: {}", rank, message), tr("Look at the machine of that process, then resume the run."));
    }
    return own;
}

} // namespace fettle::train
