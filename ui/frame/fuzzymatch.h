// Finds scattered letters in a name, as the command bar needs it. Values only.
#pragma once

#include <QList>
#include <QString>

#include <optional>

namespace fettle::ui {

struct FuzzyMatch {
    int score = 0;          // higher is better
    QList<int> positions;   // of the matched letters in the text, rising
};

// Every letter of pattern must occur in order; beginnings of words and runs of letters score higher. Case and accents do not count.
// An empty pattern matches everything with score 0. None: no match.
[[nodiscard]] std::optional<FuzzyMatch> fuzzyMatch(const QString &pattern, const QString &text);

} // namespace fettle::ui
