// The comparison as one picture for a report: every question of the conversation, and each answer at its full length, whatever of it can be seen in
// the window.
#pragma once

#include <QImage>
#include <QStringList>

#include <vector>

namespace fettle::ui {

class AnswerColumn;
class ColumnHead;

struct PictureTurn { QString question; std::vector<AnswerColumn *> answers; }; // one for each head; null: none
// notes: what stands above the columns, one line or more each.
[[nodiscard]] QImage pictureOf(const QStringList &notes, const std::vector<ColumnHead *> &heads, const std::vector<PictureTurn> &turns);

} // namespace fettle::ui
