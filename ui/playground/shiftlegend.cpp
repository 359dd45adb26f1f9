// See shiftlegend.h.
#include "ui/playground/shiftlegend.h"

#include "ui/theme/tokens.h"

#include <QPainter>
#include <QTextCharFormat>

#include <algorithm>
#include <iterator>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr float kShiftEnds[] = {-0.5F, -0.1F, 0.1F, 0.5F};
constexpr int kSame = 2, kShiftSwatch = 14, kShiftGap = 5;

} // namespace

int shiftStep(float own, float other)
{
    const float shift = own - other;
    return static_cast<int>(std::ranges::count_if(kShiftEnds, [shift](float end) { return shift > end; }));
}

void shadeByShift(QTextCharFormat &format, int step)
{
    const Tokens &t = tokens();
    format.setForeground(t.text);
    if (step == kSame)
        return;
    format.setBackground(t.shiftSteps[static_cast<std::size_t>(step)]);
    format.setUnderlineStyle(step < kSame ? QTextCharFormat::DashUnderline : QTextCharFormat::SingleUnderline);
    format.setUnderlineColor(step < kSame ? t.warning : t.accent);
}

ShiftLegend::ShiftLegend(QWidget *parent) : QWidget(parent)
{
    setObjectName(QStringLiteral("shiftLegend"));
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    setToolTip(tr("Each word of a tuned answer against the base model, which reads the same answer up to there; the base's own words against the first tuned column. "
                  "Points: 74 % here and 4 % there are 70 points more."));
    setNote({});
}

void ShiftLegend::setNote(const QString &note)
{
    m_note = note;
    setAccessibleName(tr("Colours: how much likelier a word is than in the model beside it, in five steps from 50 points less to 50 points more. %1").arg(note));
    update();
}

QSize ShiftLegend::sizeHint() const
{
    return {480, qRound(28 * textScale())};
}

void ShiftLegend::paintEvent(QPaintEvent *)
{
    const Tokens &t = tokens();
    QPainter painter(this);
    painter.fillRect(rect(), t.surface1);
    painter.fillRect(0, height() - 1, width(), 1, t.border);
    painter.setFont(textFont(TextSize::Small));
    int x = kPaneSide;
    const auto write = [&](const QColor &colour, const QString &text) {
        painter.setPen(colour);
        const int wide = painter.fontMetrics().horizontalAdvance(text);
        painter.drawText(QRect(x, 0, wide + 2, height()), Qt::AlignVCenter | Qt::AlignLeft, text);
        x += wide + kStep3;
    };
    write(t.muted, tr("How likely, against the other model:"));
    const QString names[] = {tr("50 points less"), tr("10 less"), tr("about the same"), tr("10 more"), tr("50 points more")};
    for (int step = 0; step < static_cast<int>(std::size(names)); ++step) {
        const QRect swatch(x, (height() - kShiftSwatch) / 2, kShiftSwatch, kShiftSwatch);
        painter.fillRect(swatch, t.shiftSteps[static_cast<std::size_t>(step)]);
        painter.setPen(t.border);
        painter.drawRect(swatch.adjusted(0, 0, -1, -1));
        if (step != kSame) {
            painter.setPen(QPen(step < kSame ? t.warning : t.accent, 2, step < kSame ? Qt::DotLine : Qt::SolidLine));
            painter.drawLine(swatch.left() + 2, swatch.bottom() - 2, swatch.right() - 1, swatch.bottom() - 2);
        }
        x += kShiftSwatch + kShiftGap;
        write(t.text, names[step]);
    }
    painter.setPen(t.muted);
    painter.drawText(QRect(x, 0, width() - x - kPaneSide, height()), Qt::AlignVCenter | Qt::AlignRight, painter.fontMetrics().elidedText(m_note, Qt::ElideRight, width() - x - kPaneSide));
}

} // namespace fettle::ui
