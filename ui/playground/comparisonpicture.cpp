// See comparisonpicture.h.
#include "ui/playground/comparisonpicture.h"

#include "ui/playground/answercolumn.h"
#include "ui/playground/columnhead.h"
#include "ui/theme/tokens.h"

#include <QCoreApplication>
#include <QEvent>
#include <QLayout>
#include <QPainter>

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
    answer.resize(before.width(), height);
    answer.layout()->activate();
    answer.QWidget::render(&painter, at);
    answer.setGeometry(before);
    answer.layout()->activate();
}

} // namespace

QImage pictureOf(const QStringList &notes, const std::vector<ColumnHead *> &heads, const std::vector<PictureTurn> &turns)
{
    QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest); // what has changed since the window was last drawn
    const Tokens &t = tokens();
    const int headHeight = (*std::ranges::max_element(heads, {}, &QWidget::height))->height();
    std::vector<int> lefts; // of the columns, the line at their left included
    int width = 1;
    for (const ColumnHead *head : heads) {
        lefts.push_back(width - 1);
        width += head->width();
    }
    struct Line { QString text; QFont font; QColor colour; QRect place; };
    int top = kPaneTop;
    const auto lineOf = [&](const QString &text, const QFont &font, const QColor &colour) {
        QRect place = QFontMetrics(font).boundingRect(QRect(kPaneSide, top, width - 2 * kPaneSide, 1), Qt::TextWordWrap | Qt::TextWrapAnywhere, text);
        place.setRight(width - kPaneSide);
        top = place.bottom() + kStep2;
        return Line{text, font, colour, place};
    };
    std::vector<Line> lines;
    for (const QString &note : notes)
        lines.push_back(lineOf(note, textFont(), t.muted));
    const int headTop = top += kStep1;
    top += headHeight;
    struct Band { int top, bottom; const PictureTurn *turn; int answersBottom; };
    std::vector<Band> bands;
    for (const PictureTurn &turn : turns) {
        Band band{top, 0, &turn, 0};
        top += kPaneTop;
        lines.push_back(lineOf(turn.question, textFont(TextSize::Body, Weight::SemiBold), t.text));
        band.bottom = top += kStep1;
        int height = 0;
        for (const AnswerColumn *answer : turn.answers)
            height = answer != nullptr ? std::max(height, answer->fullHeight()) : height;
        band.answersBottom = top += height;
        bands.push_back(band);
    }
    const QSize size(width, top);
    const double sharp = std::min(kSharp, std::sqrt(kMostPixels / (double(size.width()) * size.height())));
    QImage image((QSizeF(size) * sharp).toSize(), QImage::Format_RGB32);
    image.setDevicePixelRatio(sharp);
    image.fill(t.surface1);
    QPainter painter(&image);
    painter.fillRect(0, 0, width, headTop, t.surface0);
    painter.fillRect(0, headTop, width, 1, t.border);
    for (std::size_t i = 0; i < heads.size(); ++i) {
        painter.fillRect(lefts[i], headTop, 1, size.height() - headTop, t.border);
        heads[i]->render(&painter, {lefts[i] + 1, headTop + 1});
    }
    for (const Band &band : bands) {
        painter.fillRect(0, band.top, width, band.bottom - band.top, t.surface0);
        painter.fillRect(0, band.top, width, 1, t.border);
        painter.fillRect(0, band.bottom - 1, width, 1, t.border);
        for (std::size_t i = 0; i < band.turn->answers.size(); ++i)
            if (AnswerColumn *answer = band.turn->answers[i])
                renderWhole(painter, {lefts[i] + 1, band.bottom}, *answer, band.answersBottom - band.bottom);
    }
    for (const Line &line : lines) {
        painter.setFont(line.font);
        painter.setPen(line.colour);
        painter.drawText(line.place, Qt::TextWordWrap | Qt::TextWrapAnywhere, line.text);
    }
    return image;
}

} // namespace fettle::ui
