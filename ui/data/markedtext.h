// A text of a record with some of its words marked, as rich text for a label. Knows no record.
#pragma once

#include "core/base/worddiff.h"

#include <QString>

#include <vector>

class QLabel;

namespace fettle::ui {

enum class Mark {
    Differs, // accent, underlined
    Link,    // the same, and can be clicked: linkActivated says the number of the range
    Removed, // red, struck through
    Added,   // green, underlined
};

// Blanks and line breaks stay. The colours are those of now: make it again when the palette changes.
[[nodiscard]] QString markedHtml(std::string_view text, const std::vector<ByteRange> &ranges, Mark mark);
// A label for it: wraps, can be selected, has a name.
[[nodiscard]] QLabel *markedLabel(const QString &name);

} // namespace fettle::ui
