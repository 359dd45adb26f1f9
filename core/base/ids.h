// Strong ids, so that a run number cannot be passed where a record number is meant. Ordered, hashable, printable as .value.
#pragma once

// Qt 6.4's moc cannot read <compare> as the first standard header of a file.
#include <functional>

#include <compare>
#include <cstdint>

namespace fettle {

template <class Tag>
struct Id {
    std::int64_t value = 0; // 0 means "none"
    [[nodiscard]] constexpr bool isValid() const { return value > 0; }
    friend constexpr auto operator<=>(const Id &, const Id &) = default;
};

using RecordId = Id<struct RecordTag>;
using RunId = Id<struct RunTag>;
using SnapshotId = Id<struct SnapshotTag>;

using TokenId = std::int32_t;

// Half-open range [begin, end) of code points (never bytes) in a text.
struct TextSpan {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    friend constexpr auto operator<=>(const TextSpan &, const TextSpan &) = default;
};

} // namespace fettle

template <class Tag>
struct std::hash<fettle::Id<Tag>> {
    std::size_t operator()(const fettle::Id<Tag> &id) const noexcept { return std::hash<std::int64_t>{}(id.value); }
};
