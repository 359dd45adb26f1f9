#include "core/train/packing.h"

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>

namespace fettle::train {

std::vector<std::vector<std::int64_t>> packBestFit(std::span<const std::int64_t> lengths, std::int64_t capacity)
{
    std::vector<std::int64_t> order(lengths.size());
    std::iota(order.begin(), order.end(), 0);
    std::erase_if(order, [&](std::int64_t i) { return lengths[static_cast<std::size_t>(i)] <= 0; });
    const auto lengthOf = [&](std::int64_t i) { return std::min(lengths[static_cast<std::size_t>(i)], capacity); };
    std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) { return lengthOf(a) > lengthOf(b); });

    std::vector<std::vector<std::int64_t>> rows;
    // Rows by the room they have left, oldest first. Full rows are not kept.
    std::map<std::int64_t, std::deque<std::size_t>> byRoom;
    for (const std::int64_t document : order) {
        const std::int64_t length = lengthOf(document);
        std::size_t row = 0;
        std::int64_t room = capacity;
        if (const auto fit = byRoom.lower_bound(length); fit != byRoom.end()) {
            room = fit->first;
            row = fit->second.front();
            fit->second.pop_front();
            if (fit->second.empty())
                byRoom.erase(fit);
        } else {
            row = rows.size();
            rows.emplace_back();
        }
        rows[row].push_back(document);
        if (room > length)
            byRoom[room - length].push_back(row);
    }
    return rows;
}

} // namespace fettle::train
