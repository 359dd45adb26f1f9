// What the tests of the importer share.
#pragma once

#include "core/base/utf8.h"
#include "core/data/importer.h"

#include <QFile>
#include <QString>
#include <cstdint>
#include <string>

namespace fixture {

inline const QString kShared = FETTLE_SHARED_DATA "/datasets";

inline fettle::data::ImportResult read(const std::string &bytes, const std::string &name, const fettle::data::ImportOptions &options = {})
{
    auto result = fettle::data::readRecordsFromMemory(bytes, name, options);
    if (!result)
        qWarning("%s %s", result.error().message.c_str(), result.error().hint.c_str());
    return result ? std::move(*result) : fettle::data::ImportResult{};
}

inline bool isBalanced(const fettle::data::ImportResult &result)
{
    return result.report.accepted + std::int64_t(result.report.rejected.size()) == result.report.rowsInFile
        && result.report.records == std::int64_t(result.records.size());
}

// Nothing is lost, and all that was read or said is text.
inline bool isSound(const fettle::data::ImportResult &result)
{
    using fettle::isValidUtf8;
    for (const fettle::data::Record &record : result.records) {
        for (const fettle::data::Turn &turn : record.turns) {
            if (!isValidUtf8(turn.text) || !isValidUtf8(turn.extraJson))
                return false;
        }
    }
    for (const fettle::data::RejectedRow &row : result.report.rejected) {
        if (row.line <= 0 || row.reason.empty() || !isValidUtf8(row.reason) || !isValidUtf8(row.raw))
            return false;
    }
    return isBalanced(result);
}

inline const fettle::data::ImportNotice *noticeOf(const fettle::data::ImportResult &result, const std::string &code)
{
    for (const fettle::data::ImportNotice &notice : result.report.notices) {
        if (notice.code == code)
            return &notice;
    }
    return nullptr;
}

inline std::int64_t noticeCount(const fettle::data::ImportResult &result, const std::string &code)
{
    const auto *notice = noticeOf(result, code);
    return notice == nullptr ? 0 : notice->count;
}

inline std::string utf16(const std::u16string &text, bool isBig, bool hasMark)
{
    std::string bytes;
    const auto add = [&](char16_t unit) {
        const char high = char(unit >> 8), low = char(unit & 0xff);
        bytes += isBig ? high : low;
        bytes += isBig ? low : high;
    };
    if (hasMark)
        add(0xfeff);
    for (const char16_t unit : text)
        add(unit);
    return bytes;
}

// Numbers that look random and are the same in every run.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : m_state(seed) { }
    // From 0 to bound - 1; 0 where bound is 0.
    std::size_t operator()(std::size_t bound)
    {
        m_state = m_state * 6364136223846793005ull + 1442695040888963407ull;
        return bound == 0 ? 0 : std::size_t(m_state >> 33) % bound;
    }

private:
    std::uint64_t m_state;
};

inline QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace fixture
