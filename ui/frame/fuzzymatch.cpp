// See fuzzymatch.h.
#include "ui/frame/fuzzymatch.h"

#include <vector>

namespace fettle::ui {

namespace {

constexpr int kLetter = 1, kRun = 6, kWordStart = 8, kTextStart = 4;
constexpr int kNever = -1'000'000;

// One code unit for one code unit, so that positions stay those of the original text.
QString plain(const QString &text)
{
    QString result;
    result.reserve(text.size());
    for (const QChar c : text) {
        const QString parts = QString(c).normalized(QString::NormalizationForm_D);
        result.append(parts.isEmpty() ? c : parts.at(0).toLower());
    }
    return result;
}

} // namespace

std::optional<FuzzyMatch> fuzzyMatch(const QString &pattern, const QString &text)
{
    QString wanted = plain(pattern);
    wanted.remove(QLatin1Char(' '));
    const QString hay = plain(text);
    const int n = int(wanted.size()), m = int(hay.size());
    if (n == 0)
        return FuzzyMatch{};
    if (n > m)
        return std::nullopt;
    // best[i][j]: best score with letter i of the pattern placed at j of the text. Pattern and names are short.
    std::vector<std::vector<int>> best(std::size_t(n), std::vector<int>(std::size_t(m), kNever)), from = best;
    for (int i = 0; i < n; ++i) {
        int carried = kNever, carriedAt = -1; // best of the row above, up to j - 1
        for (int j = i; j < m; ++j) {
            if (i > 0 && j > 0 && best[std::size_t(i - 1)][std::size_t(j - 1)] > carried) {
                carried = best[std::size_t(i - 1)][std::size_t(j - 1)];
                carriedAt = j - 1;
            }
            if (hay[j] != wanted[i] || (i > 0 && carried <= kNever))
                continue;
            const bool startsWord = j == 0 || !hay[j - 1].isLetterOrNumber();
            int own = kLetter + (startsWord ? kWordStart : 0) + (j == 0 ? kTextStart : 0);
            if (i == 0) {
                best[0][std::size_t(j)] = own;
                continue;
            }
            const int adjacent = best[std::size_t(i - 1)][std::size_t(j - 1)];
            const bool continues = adjacent > kNever && adjacent + kRun >= carried;
            best[std::size_t(i)][std::size_t(j)] = own + (continues ? adjacent + kRun : carried);
            from[std::size_t(i)][std::size_t(j)] = continues ? j - 1 : carriedAt;
        }
    }
    int end = -1;
    for (int j = 0; j < m; ++j) {
        if (best[std::size_t(n - 1)][std::size_t(j)] > (end < 0 ? kNever : best[std::size_t(n - 1)][std::size_t(end)]))
            end = j;
    }
    if (end < 0)
        return std::nullopt;
    FuzzyMatch match;
    match.score = best[std::size_t(n - 1)][std::size_t(end)] * 16 - m; // of equal matches the shorter name
    for (int i = n - 1, j = end; i >= 0; --i) {
        match.positions.prepend(j);
        j = i > 0 ? from[std::size_t(i)][std::size_t(j)] : -1;
    }
    return match;
}

} // namespace fettle::ui
