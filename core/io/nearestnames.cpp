// Similarity is the length of the common beginning and end: tensor names differ by a prefix or a layer, rarely by a typing error.
#include "core/io/nearestnames.h"
#include "core/base/words.h"

#include <algorithm>
#include <fmt/format.h>

namespace fettle::io {

std::string nearestNamesHint(const std::vector<TensorEntry> &tensors, std::string_view wanted)
{
    std::string_view best, second;
    std::size_t bestScore = 0, secondScore = 0;
    for (const TensorEntry &entry : tensors) {
        const std::string_view name = entry.name;
        const auto begin = std::mismatch(name.begin(), name.end(), wanted.begin(), wanted.end());
        const auto end = std::mismatch(name.rbegin(), name.rend(), wanted.rbegin(), wanted.rend());
        const auto score = static_cast<std::size_t>((begin.first - name.begin()) + (end.first - name.rbegin()));
        if (score > bestScore) {
            second = best;
            secondScore = bestScore;
            best = name;
            bestScore = score;
        } else if (score > secondScore) {
            second = name;
            secondScore = score;
        }
    }
    if (best.empty())
        return tr("The file holds none of the names that a model of this kind has.");
    if (second.empty())
        return tr("The nearest name is \"{}\".", best);
    return tr("The nearest names are \"{}\" and \"{}\".", best, second);
}

} // namespace fettle::io
