#include "ui/data/recorddelegate.h"

#include "ui/data/recordmodel.h"
#include "ui/data/recordwords.h"
#include "ui/theme/icons.h"
#include "ui/widgets/badge.h"

#include <QPainter>

#include <algorithm>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr double kSuspiciousLoss = 2.0; // nats; well above what a learnt record has

void paintText(QPainter &painter, const QRect &rect, const QString &text, const QColor &colour, Qt::Alignment alignment,
               Weight weight = Weight::Regular)
{
    painter.setFont(textFont(TextSize::Body, weight));
    painter.setPen(colour);
    painter.drawText(rect, int(alignment | Qt::AlignVCenter), painter.fontMetrics().elidedText(text, Qt::ElideRight, rect.width()));
}

// Lower case without marks, letter by letter, as the search compares: "cafe" finds "Café".
QString folded(const QString &text)
{
    QString result;
    result.reserve(text.size());
    for (const QChar c : text) {
        const QString parts = c.decompositionTag() == QChar::Canonical ? c.decomposition() : QString(c);
        result += parts.at(0).toCaseFolded();
    }
    return result;
}

// Where the words begin in the text; a word is found at the beginnings of words, as in the search.
QList<std::pair<int, int>> placesOf(const QStringList &words, const QString &text)
{
    QList<std::pair<int, int>> places;
    const QString where = folded(text);
    for (const QString &word : words) {
        const QString what = folded(word);
        for (qsizetype at = what.isEmpty() ? -1 : where.indexOf(what); at >= 0; at = where.indexOf(what, at + 1))
            if (at == 0 || !where.at(at - 1).isLetterOrNumber())
                places.emplace_back(int(at), int(what.size()));
    }
    return places;
}

void paintMarked(QPainter &painter, const QRect &rect, const QString &text, const QColor &colour, const QStringList &words)
{
    painter.setFont(textFont(TextSize::Body));
    const QFontMetrics metrics = painter.fontMetrics();
    const QString shown = metrics.elidedText(text, Qt::ElideRight, rect.width());
    if (!words.isEmpty()) {
        QColor mark = tokens().warning;
        mark.setAlphaF(0.28f);
        for (const auto &[begin, length] : placesOf(words, shown)) {
            const int left = metrics.horizontalAdvance(shown, begin), right = metrics.horizontalAdvance(shown, begin + length);
            painter.fillRect(QRect(rect.left() + left, rect.center().y() - metrics.height() / 2, right - left, metrics.height()), mark);
        }
    }
    painter.setPen(colour);
    painter.drawText(rect, Qt::AlignLeft | Qt::AlignVCenter, shown);
}

} // namespace

engine::RecordFlag worstFlag(const std::vector<engine::RecordFlag> &flags)
{
    using engine::RecordFlag;
    for (const RecordFlag flag : {RecordFlag::Empty, RecordFlag::AnswerCut, RecordFlag::TooLong, RecordFlag::Leak, RecordFlag::PersonalData, RecordFlag::Contradiction,
                                  RecordFlag::Duplicate, RecordFlag::NearDuplicate, RecordFlag::OddEncoding, RecordFlag::Boilerplate, RecordFlag::Placeholder,
                                  RecordFlag::Outlier, RecordFlag::UnbalancedMarkup, RecordFlag::Surprising, RecordFlag::OddWording, RecordFlag::KnownAlready})
        if (std::find(flags.begin(), flags.end(), flag) != flags.end())
            return flag;
    return RecordFlag::RareTag;
}

void RecordDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const Tokens &t = tokens();
    painter->save();
    const bool isSelected = option.state & QStyle::State_Selected;
    painter->fillRect(option.rect, isSelected ? t.selection : t.surface1);
    painter->fillRect(option.rect.x(), option.rect.bottom(), option.rect.width(), 1, t.grid);
    const QRect cell = option.rect.adjusted(kCell, 0, -kCell, -1);
    const auto *model = static_cast<const RecordModel *>(index.model());
    const engine::RecordRow *row = model->rowAt(index.row());
    const int column = index.column();
    if (column == RecordModel::NumberColumn || !row) {
        const bool isNumber = column == RecordModel::NumberColumn;
        paintText(*painter, cell, index.data().toString(), t.muted, isNumber ? Qt::AlignRight : Qt::AlignLeft);
        painter->restore();
        return;
    }
    const bool isRejected = row->status == data::RecordStatus::Rejected;
    switch (column) {
    case RecordModel::StatusColumn:
        paintIcon(*painter, option.rect.adjusted(kStep2, 0, 0, -1), statusIcon(row->status), kIconSmall, t.ink(statusInk(row->status)));
        break;
    case RecordModel::InstructionColumn:
        paintMarked(*painter, cell, index.data().toString(), isRejected ? t.muted : t.text, model->marks());
        break;
    case RecordModel::ResponseColumn:
        if (!row->draft.empty()) { // to be judged, beside an answer or in place of one
            paintIcon(*painter, QRect(cell.left(), cell.top(), kIconSmall, cell.height()), QStringLiteral("wand-sparkles"), kIconSmall, t.accent);
            paintMarked(*painter, cell.adjusted(kIconSmall + kStep1, 0, 0, 0), index.data().toString(), t.muted, model->marks());
            break;
        }
        paintMarked(*painter, cell, index.data().toString(), row->response.empty() ? t.bad : t.muted, row->response.empty() ? QStringList() : model->marks());
        break;
    case RecordModel::TagsColumn: paintTags(*painter, cell, row->tags); break;
    case RecordModel::TokensColumn: {
        const bool isTooLong = row->tokens && model->maxLength() > 0 && *row->tokens > model->maxLength();
        paintText(*painter, cell, index.data().toString(), isTooLong ? t.bad : isRejected ? t.muted : t.text, Qt::AlignRight,
                  isTooLong ? Weight::SemiBold : Weight::Regular);
        break;
    }
    case RecordModel::LossColumn: {
        const bool isHigh = row->loss && *row->loss > kSuspiciousLoss;
        paintText(*painter, cell, index.data().toString(), isHigh ? t.warning : t.text, Qt::AlignRight,
                  isHigh ? Weight::SemiBold : Weight::Regular);
        break;
    }
    case RecordModel::FlagColumn:
        if (!row->flags.empty() && !isRejected) {
            const engine::RecordFlag flag = worstFlag(row->flags);
            paintIcon(*painter, option.rect.adjusted(0, 0, 0, -1), flagIcon(flag), kIconSmall, t.ink(flagInk(flag)));
        }
        break;
    case RecordModel::SplitColumn: paintText(*painter, cell, index.data().toString(), t.muted, Qt::AlignLeft); break;
    default: break;
    }
    painter->restore();
}

void RecordDelegate::paintTags(QPainter &painter, const QRect &rect, const std::vector<std::string> &tags) const
{
    const QFontMetrics metrics(textFont(TextSize::Small));
    int x = rect.left();
    std::size_t shown = 0;
    for (const std::string &tag : tags) {
        BadgeLook look;
        look.text = QString::fromStdString(tag);
        look.height = kTag;
        const bool isLast = shown + 1 == tags.size();
        const int rest = isLast ? 0 : metrics.horizontalAdvance(QStringLiteral("+99")) + kStep1;
        int width = badgeSize(look).width();
        if (x + width + rest > rect.right()) {
            if (shown > 0)
                break;
            // One tag is always named, as far as there is room.
            const int frame = width - metrics.horizontalAdvance(look.text);
            look.text = metrics.elidedText(look.text, Qt::ElideRight, std::max(0, rect.width() - rest - frame));
            width = badgeSize(look).width();
        }
        drawBadge(painter, QPoint(x, rect.top() + (rect.height() - kTag) / 2), look);
        x += width + kStep1;
        ++shown;
    }
    if (shown < tags.size()) {
        painter.setFont(textFont(TextSize::Small));
        painter.setPen(tokens().muted);
        painter.drawText(QRect(x, rect.top(), rect.right() - x + 8, rect.height()), Qt::AlignVCenter | Qt::AlignLeft,
                         QStringLiteral("+%1").arg(tags.size() - shown));
    }
}

QSize RecordDelegate::sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const
{
    return {60, qRound(kRow * textScale())};
}

} // namespace fettle::ui
