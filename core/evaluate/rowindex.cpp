#include "core/evaluate/rowindex.h"

#include "core/base/sha256.h"
#include "core/base/words.h"
#include "core/io/atomicfile.h"
#include "core/io/mappedfile.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace fettle::evaluate {

namespace {

constexpr std::string_view kMagic = "FTRI";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeadBytes = 4 + 4 + 4 + 8 + 32, kCheckBytes = 32;
constexpr std::uint32_t kWidest = 1 << 16;
constexpr std::size_t kFewestToCentre = 8; // the mean of fewer rows is mostly the rows themselves

// Less the mean, of unit length; all zeros where nothing is left.
std::vector<float> direction(std::span<const float> vector, std::span<const float> mean)
{
    std::vector<float> result(vector.size());
    double squares = 0;
    for (std::size_t i = 0; i < vector.size(); ++i) {
        result[i] = vector[i] - mean[i];
        squares += static_cast<double>(result[i]) * result[i];
    }
    const double length = std::sqrt(squares);
    for (float &value : result)
        value = length > 0 && std::isfinite(length) ? static_cast<float>(value / length) : 0.0f;
    return result;
}

template <class T>
void put(std::string &bytes, const T &value)
{
    bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
}

tl::unexpected<Error> damaged(const std::filesystem::path &file)
{
    return fail(ErrorCode::BadInput, tr("{} is damaged.", file.string()), tr("Build the index again."));
}

} // namespace

RowIndex makeRowIndex(const RowIndexKey &key, std::span<const RecordId> records, std::span<const std::vector<float>> vectors)
{
    RowIndex index;
    index.key = key;
    index.width = vectors.empty() ? 0 : vectors.front().size();
    index.mean.assign(index.width, 0.0f);
    if (vectors.size() >= kFewestToCentre) {
        std::vector<double> sum(index.width);
        for (const auto &vector : vectors)
            std::transform(vector.begin(), vector.end(), sum.begin(), sum.begin(), [](float value, double all) { return all + value; });
        std::transform(sum.begin(), sum.end(), index.mean.begin(), [&](double all) { return static_cast<float>(all / static_cast<double>(vectors.size())); });
    }
    index.records.assign(records.begin(), records.end());
    for (const auto &vector : vectors) {
        const std::vector<float> unit = direction(vector, index.mean);
        float largest = 0;
        for (const float value : unit)
            largest = std::max(largest, std::abs(value));
        const float scale = largest > 0 ? largest / 127.0f : 1.0f;
        index.scales.push_back(scale);
        for (const float value : unit)
            index.codes.push_back(static_cast<std::int8_t>(std::lround(value / scale)));
    }
    return index;
}

std::vector<RowIndex::Near> RowIndex::nearest(std::span<const float> query, std::size_t count) const
{
    const std::vector<float> unit = direction(query, mean);
    std::vector<Near> all(records.size());
    for (std::size_t row = 0; row < records.size(); ++row) {
        const std::int8_t *code = codes.data() + row * width;
        float product = 0, squares = 0;
        for (std::size_t i = 0; i < width; ++i) {
            const auto value = static_cast<float>(code[i]);
            product += value * unit[i];
            squares += value * value;
        }
        all[row] = {row, squares > 0 ? std::clamp(static_cast<double>(product) / std::sqrt(static_cast<double>(squares)), -1.0, 1.0) : 0.0};
    }
    count = std::min(count, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(), [](const Near &a, const Near &b) {
        return a.similarity != b.similarity ? a.similarity > b.similarity : a.row < b.row;
    });
    all.resize(count);
    return all;
}

Result<> writeRowIndex(const RowIndex &index, const std::filesystem::path &file)
{
    std::string bytes(kMagic);
    put(bytes, kVersion);
    put(bytes, static_cast<std::uint32_t>(index.width));
    put(bytes, static_cast<std::uint64_t>(index.records.size()));
    bytes.append(reinterpret_cast<const char *>(index.key.data()), index.key.size());
    bytes.append(reinterpret_cast<const char *>(index.mean.data()), index.mean.size() * sizeof(float));
    for (std::size_t row = 0; row < index.records.size(); ++row) {
        put(bytes, index.records[row].value);
        put(bytes, index.scales[row]);
    }
    bytes.append(reinterpret_cast<const char *>(index.codes.data()), index.codes.size());
    Sha256 check;
    check.update(std::string_view(bytes));
    const auto digest = check.finish();
    bytes.append(reinterpret_cast<const char *>(digest.data()), digest.size());
    return io::writeFileAtomically(file, bytes);
}

Result<RowIndex> readRowIndex(const std::filesystem::path &file)
{
    const auto mapped = io::MappedFile::open(file);
    if (!mapped)
        return passError(mapped);
    const std::span<const std::byte> bytes = (*mapped)->bytes();
    const char *data = reinterpret_cast<const char *>(bytes.data());
    if (bytes.size() < kHeadBytes + kCheckBytes || std::string_view(data, 4) != kMagic)
        return damaged(file);
    std::uint32_t version = 0, width = 0;
    std::uint64_t rows = 0;
    std::memcpy(&version, data + 4, 4);
    std::memcpy(&width, data + 8, 4);
    std::memcpy(&rows, data + 12, 8);
    // Every row takes its bytes, so that the numbers cannot ask for more than is there.
    const std::uint64_t rest = bytes.size() - kHeadBytes - kCheckBytes;
    if (version != kVersion || width == 0 || width > kWidest || rest < width * sizeof(float))
        return damaged(file);
    const std::uint64_t rowBytes = 8 + 4 + width, body = rest - width * sizeof(float);
    if (rows != body / rowBytes || body % rowBytes != 0)
        return damaged(file);
    Sha256 check;
    check.update(bytes.first(bytes.size() - kCheckBytes));
    const auto digest = check.finish();
    if (std::memcmp(digest.data(), data + bytes.size() - kCheckBytes, kCheckBytes) != 0)
        return damaged(file);
    RowIndex index;
    index.width = width;
    std::memcpy(index.key.data(), data + 20, index.key.size());
    const char *at = data + kHeadBytes;
    index.mean.resize(width);
    std::memcpy(index.mean.data(), at, width * sizeof(float));
    at += width * sizeof(float);
    for (std::uint64_t row = 0; row < rows; ++row, at += 12) {
        RecordId record;
        float scale = 0;
        std::memcpy(&record.value, at, 8);
        std::memcpy(&scale, at + 8, 4);
        index.records.push_back(record);
        index.scales.push_back(scale);
    }
    index.codes.resize(rows * width);
    std::memcpy(index.codes.data(), at, index.codes.size());
    return index;
}

} // namespace fettle::evaluate
