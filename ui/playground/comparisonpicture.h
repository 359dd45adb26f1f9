// The comparison as one picture for a report: the whole question, and each answer at its full length, whatever of it can be seen in the window.
#pragma once

#include <QImage>
#include <QStringList>

#include <vector>

namespace fettle::ui {

class AnswerColumn;
class ColumnHead;

struct PictureColumn { ColumnHead *head; AnswerColumn *answer; };
// notes: what stands below the question, one line or more each.
[[nodiscard]] QImage pictureOf(const QString &question, const QStringList &notes, const std::vector<PictureColumn> &columns);

} // namespace fettle::ui
