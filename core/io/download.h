// Documents and files from the web, by libcurl, only when asked: redirects within limits, a token that follows to no other host, breaks gone on from
// where they were, lengths that are not true found. Knows no hub.
#pragma once

#include "core/base/result.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace fettle::io {

struct WebOptions {
    std::string token;   // sent as "Authorization: Bearer ..." to the first host over https (or to this computer); empty: none
    int attempts = 5;    // that bring nothing new, one after the other
    std::chrono::milliseconds pause{1000}; // before the second attempt; doubled each time
    std::chrono::seconds stall{30};        // without a byte: the attempt has failed
};

// The body of a small document. Errors: NotFound (404), NoPermission (401, 403), BadInput (another answer, larger than maxBytes, no
// connection), Cancelled.
[[nodiscard]] Result<std::string> fetchText(const std::string &url, const WebOptions &options, std::int64_t maxBytes, std::stop_token stop);

// Brings target to exactly so many bytes: what it holds already stays, what is missing is fetched behind it. received is told how many bytes the
// file holds. Errors: as above; BadInput where the server sends more or says another length; DiskFull. What came stays in target for the next time.
[[nodiscard]] Result<> fetchFile(const std::string &url, const std::filesystem::path &target, std::int64_t bytes, const WebOptions &options,
                                 const std::function<void(std::int64_t)> &received, std::stop_token stop);

} // namespace fettle::io
