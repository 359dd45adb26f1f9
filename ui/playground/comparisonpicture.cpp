// See comparisonpicture.h.
#include "ui/playground/comparisonpicture.h"

#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/theme/tokens.h"

#include <QCoreApplication>
#include <QEvent>
#include <QLayout>
#include <QPainter>
#include <QScrollBar>
#include <QTextEdit>

#include <algorithm>
#include <cmath>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr double kSharp = 2, kMostPixels = 40e6; // pixels for one of the screen, and in the whole picture

// The column as high as its answer needs it, and then as it was.
void renderWhole(QPainter &painter, const QPoint &at, AnswerColumn &answer, int height)
{
    const QRect before = answer.geometry();
    QScrollBar *bar = answer.textView().verticalScrollBar();
    const int seen = bar->value();
    answer.resize(before.width(), height);
    answer.layout()->activate();
    answer.QWidget::render(&painter, at);
    answer.setGeometry(before);
    answer.layout()->activate();
    bar->setValue(seen);
}

} // namespace

QImage pictureOf(const QString &question, const QStringList &notes, const std::vector<PictureColumn> &columns)
{
    QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest); // what has changed since the window was last drawn
    const Tokens &t = tokens();
    struct Line { QString text; QFont font; QColor colour; QRect place; };
    std::vector<Line> lines{{question, textFont(TextSize::Body, Weight::SemiBold), t.text, {}}};
    for (const QString &note : notes)
        lines.push_back({note, textFont(), t.muted, {}});
    int width = 1, heads = 0, answers = 0;
    for (const PictureColumn &column : columns) {
        width += column.answer->width();
        heads = std::max(heads, column.head->height());
        answers = std::max(answers, column.answer->fullHeight());
    }
    int top = kPaneTop;
    for (Line &line : lines) {
        line.place = QFontMetrics(line.font).boundingRect(QRect(kPaneSide, top, width - 2 * kPaneSide, 1), Qt::TextWordWrap | Qt::TextWrapAnywhere, line.text);
        line.place.setRight(width - kPaneSide);
        top = line.place.bottom() + kStep2;
    }
    top += kStep1;
    const QSize size(width, top + heads + answers);
    const double sharp = std::min(kSharp, std::sqrt(kMostPixels / (double(size.width()) * size.height())));
    QImage image((QSizeF(size) * sharp).toSize(), QImage::Format_RGB32);
    image.setDevicePixelRatio(sharp);
    image.fill(t.surface1);
    QPainter painter(&image);
    painter.fillRect(0, 0, width, top, t.surface0);
    for (const Line &line : lines) {
        painter.setFont(line.font);
        painter.setPen(line.colour);
        painter.drawText(line.place, Qt::TextWordWrap | Qt::TextWrapAnywhere, line.text);
    }
    int left = 0;
    for (const PictureColumn &column : columns) {
        painter.fillRect(left, top, 1, size.height() - top, t.border);
        column.head->render(&painter, {left + 1, top});
        renderWhole(painter, {left + 1, top + heads}, *column.answer, answers);
        left += column.answer->width();
    }
    painter.fillRect(0, top, width, 1, t.border);
    painter.fillRect(0, top + heads, width, 1, t.border);
    return image;
}

} // namespace fettle::ui
