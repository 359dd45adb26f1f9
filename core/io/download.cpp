#include "core/io/download.h"

#include "core/base/version.h"
#include "core/base/words.h"
#include "core/io/partialfile.h"

#ifdef FETTLE_WITH_CURL

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <curl/curl.h>
#include <fmt/format.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace fettle::io {
namespace {

constexpr long kMostRedirects = 5;
constexpr int kMostAttempts = 1000; // also of a server that gives a few bytes each time

std::string hostOf(const std::string &url)
{
    const auto begin = url.find("://");
    return begin == std::string::npos ? url : url.substr(begin + 3, url.find('/', begin + 3) - begin - 3);
}

bool isThisComputer(const std::string &host)
{
    const std::string name = host.substr(0, host.rfind(':'));
    return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

std::optional<std::int64_t> numberIn(std::string_view text)
{
    while (text.starts_with(' '))
        text.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end > text.data() && number >= 0 ? std::optional(number) : std::nullopt;
}

// What one request says before its body, and where the body goes.
struct Transfer {
    std::function<std::optional<Error>(const Transfer &)> began;                 // once, before the first byte of an answer that is no redirect
    std::function<std::optional<Error>(std::string_view bytes)> received;
    std::stop_token stop;
    long status = 0;
    std::optional<std::int64_t> length, rangeStart, rangeTotal;
    std::optional<Error> refusal; // ours, which ended the transfer
    bool hasBegun = false;

    bool begin()
    {
        if (!std::exchange(hasBegun, true))
            refusal = began(*this);
        return !refusal;
    }
};

std::size_t onHeader(char *bytes, std::size_t, std::size_t count, void *user)
{
    auto &transfer = *static_cast<Transfer *>(user);
    std::string line(bytes, count);
    std::ranges::transform(line, line.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (line.starts_with("http/")) { // of each answer on the way
        transfer.status = static_cast<long>(numberIn(std::string_view(line).substr(std::min(line.find(' '), line.size() - 1))).value_or(0));
        transfer.length = transfer.rangeStart = transfer.rangeTotal = std::nullopt;
    } else if (line.starts_with("content-length:")) {
        transfer.length = numberIn(std::string_view(line).substr(15));
    } else if (line.starts_with("content-range: bytes ")) {
        const std::string_view range = std::string_view(line).substr(21);
        transfer.rangeStart = numberIn(range);
        if (const auto slash = range.find('/'); slash != std::string_view::npos)
            transfer.rangeTotal = numberIn(range.substr(slash + 1));
    }
    return count;
}

std::size_t onBody(char *bytes, std::size_t, std::size_t count, void *user)
{
    auto &transfer = *static_cast<Transfer *>(user);
    if (transfer.status >= 300) // the words of an error
        return count;
    if (transfer.begin())
        transfer.refusal = transfer.received({bytes, count});
    return transfer.refusal ? 0 : count;
}

int onProgress(void *user, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    return static_cast<Transfer *>(user)->stop.stop_requested() ? 1 : 0;
}

Error cancelled() { return {ErrorCode::Cancelled, tr("The download was cancelled."), {}, {}}; }

// What an answer that is no body means; none where another attempt may help.
std::optional<Error> meaningOf(long status, const std::string &url)
{
    const std::string host = hostOf(url);
    if (status == 401 || status == 403)
        return Error{ErrorCode::NoPermission, tr("{} does not give this to everybody (answer {}).", host, status),
                     tr("Agree to the model's terms on its page, and put your access token into the environment variable HF_TOKEN."), url};
    if (status == 404 || status == 410)
        return Error{ErrorCode::NotFound, tr("{} does not have this (answer {}).", host, status), tr("Check the name."), url};
    if (status == 408 || status == 425 || status == 429 || status >= 500)
        return std::nullopt;
    return Error{ErrorCode::BadInput, tr("{} answers in a way that is not understood ({}).", host, status), tr("Try again later."), url};
}

struct Attempt {
    bool isDone = false;
    std::string trouble; // why another one may help
};

// One request. Errors: those that another attempt does not mend.
Result<Attempt> request(const std::string &url, std::int64_t from, const WebOptions &options, Transfer &transfer)
{
    static const CURLcode prepared = curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::unique_ptr<CURL, void (*)(CURL *)> curl(prepared == CURLE_OK ? curl_easy_init() : nullptr, curl_easy_cleanup);
    if (!curl)
        return fail(ErrorCode::Internal, tr("The network library does not start."));
    CURL *handle = curl.get();
    const bool isSecure = url.starts_with("https://");
    const std::string agent = fmt::format("fettle/{}", version());
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_USERAGENT, agent.c_str());
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, isSecure ? "https" : "http,https"); // what began safely stays so
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, kMostRedirects);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.stall.count()));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall.count()));
    if (!options.token.empty() && (isSecure || isThisComputer(hostOf(url)))) { // libcurl does not pass it on to another host
        curl_easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(handle, CURLOPT_XOAUTH2_BEARER, options.token.c_str());
    }
    const std::string range = fmt::format("{}-", from);
    if (from > 0)
        curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, onHeader);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, onBody);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, onProgress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
    const CURLcode code = curl_easy_perform(handle);
    if (transfer.stop.stop_requested())
        return tl::unexpected<Error>(cancelled());
    if (transfer.refusal)
        return tl::unexpected<Error>(*transfer.refusal);
    switch (code) {
    case CURLE_OK: break;
    case CURLE_TOO_MANY_REDIRECTS:
        return fail(ErrorCode::BadInput, tr("{} sends on from address to address without end.", hostOf(url)), tr("Try again later, or check HF_ENDPOINT."), url);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return fail(ErrorCode::BadInput, tr("{} sends on to an address that is not safe.", hostOf(url)), tr("Check HF_ENDPOINT."), url);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return fail(ErrorCode::BadInput, tr("{} cannot prove that it is who it says.", hostOf(url)), tr("Check the clock and the certificates of this computer, or HF_ENDPOINT."), curl_easy_strerror(code));
    default: return Attempt{false, curl_easy_strerror(code)};
    }
    if (transfer.status >= 300) {
        if (auto error = meaningOf(transfer.status, url))
            return tl::unexpected<Error>(std::move(*error));
        return Attempt{false, tr("answer {}", transfer.status)};
    }
    if (!transfer.begin()) // an empty body
        return tl::unexpected<Error>(*transfer.refusal);
    return Attempt{true, {}};
}

// False: cancelled meanwhile.
bool wait(std::chrono::milliseconds time, std::stop_token stop)
{
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

// Calls `once` until it is done, has an error, or brings nothing new too often. size: what there is by now.
Result<> untilDone(const std::string &url, const WebOptions &options, const std::stop_token &stop, const std::function<Result<Attempt>()> &once, const std::function<std::int64_t()> &size)
{
    int futile = 0;
    std::string trouble;
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
        const std::int64_t before = size();
        auto tried = once();
        if (!tried)
            return passError(tried);
        if (tried->isDone)
            return {};
        trouble = tried->trouble;
        futile = size() > before ? 0 : futile + 1;
        if (futile >= options.attempts)
            break;
        if (!wait(options.pause * (1 << std::min(futile, 6)), stop))
            return tl::unexpected<Error>(cancelled());
    }
    return fail(ErrorCode::BadInput, tr("The connection to {} breaks off again and again.", hostOf(url)), tr("What has come is kept: the next try goes on from there."), trouble);
}

Error otherLength(const std::string &url, std::int64_t says, std::int64_t bytes)
{
    return {ErrorCode::BadInput, tr("{} sends a file of {} bytes where its list says {}.", hostOf(url), countText(says), countText(bytes)), tr("Try again later."), url};
}

} // namespace

Result<std::string> fetchText(const std::string &url, const WebOptions &options, std::int64_t maxBytes, std::stop_token stop)
{
    std::string text;
    const auto once = [&] {
        text.clear();
        Transfer transfer;
        transfer.stop = stop;
        transfer.began = [](const Transfer &) { return std::optional<Error>(); };
        transfer.received = [&](std::string_view bytes) -> std::optional<Error> {
            if (static_cast<std::int64_t>(text.size() + bytes.size()) > maxBytes)
                return Error{ErrorCode::BadInput, tr("{} answers with more than {} bytes where a short list is expected.", hostOf(url), countText(maxBytes)), tr("Check the name and HF_ENDPOINT."), url};
            text += bytes;
            return std::nullopt;
        };
        return request(url, 0, options, transfer);
    };
    auto done = untilDone(url, options, stop, once, [] { return std::int64_t{0}; });
    return done ? Result<std::string>(std::move(text)) : passError(done);
}

Result<> fetchFile(const std::string &url, const std::filesystem::path &target, std::int64_t bytes, const WebOptions &options, const std::function<void(std::int64_t)> &received,
                   std::stop_token stop)
{
    auto file = PartialFile::open(target);
    if (!file)
        return passError(file);
    if (file->size() > bytes) {
        if (auto error = file->clear())
            return tl::unexpected<Error>(std::move(*error));
    }
    const auto once = [&]() -> Result<Attempt> {
        const std::int64_t from = file->size();
        if (from == bytes && bytes > 0)
            return Attempt{true, {}};
        if (from > 0)
            received(from); // what came before the last break
        Transfer transfer;
        transfer.stop = stop;
        transfer.began = [&](const Transfer &answer) -> std::optional<Error> {
            if (answer.status == 206) {
                if (answer.rangeStart.value_or(-1) != from || answer.rangeTotal.value_or(bytes) != bytes)
                    return otherLength(url, answer.rangeTotal.value_or(0), bytes);
                return std::nullopt;
            }
            if (answer.length && *answer.length != bytes)
                return otherLength(url, *answer.length, bytes);
            return from > 0 ? file->clear() : std::nullopt; // the server begins at the beginning
        };
        transfer.received = [&](std::string_view part) -> std::optional<Error> {
            if (file->size() + static_cast<std::int64_t>(part.size()) > bytes)
                return Error{ErrorCode::BadInput, tr("{} sends more than the {} bytes that its list says.", hostOf(url), countText(bytes)), tr("Try again later."), url};
            if (auto error = file->append(part))
                return error;
            received(file->size());
            return std::nullopt;
        };
        auto tried = request(url, from, options, transfer);
        if (!tried && transfer.status == 416 && from > 0) { // what lies here is none of the server's
            if (auto error = file->clear())
                return tl::unexpected<Error>(std::move(*error));
            return Attempt{false, tried.error().message};
        }
        if (tried && tried->isDone && file->size() < bytes)
            return Attempt{false, tr("{} of {} bytes came", countText(file->size()), countText(bytes))};
        return tried;
    };
    if (auto done = untilDone(url, options, stop, once, [&] { return file->size(); }); !done)
        return done;
    return file->sync();
}

} // namespace fettle::io

#else

namespace fettle::io {

static Error withoutNetwork() { return {ErrorCode::Usage, tr("This Fettle was built without libcurl and cannot download."), tr("Fetch the model with another program and add its folder."), {}}; }

Result<std::string> fetchText(const std::string &, const WebOptions &, std::int64_t, std::stop_token) { return tl::unexpected<Error>(withoutNetwork()); }

Result<> fetchFile(const std::string &, const std::filesystem::path &, std::int64_t, const WebOptions &, const std::function<void(std::int64_t)> &, std::stop_token)
{
    return tl::unexpected<Error>(withoutNetwork());
}

} // namespace fettle::io

#endif
