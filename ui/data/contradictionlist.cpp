#include "ui/data/contradictionlist.h"

#include "ui/data/recordwords.h"
#include "ui/theme/icons.h"

#include <QPainter>
#include <QStandardItemModel>
#include <QStyledItemDelegate>

namespace fettle::ui {

using namespace measure;

namespace {

enum Role { QuestionRole = Qt::UserRole, NumbersRole, AnswersRole };

// The first words of a text, on one line.
QString beginning(std::string_view text)
{
    const QString line = QString::fromUtf8(text.data(), qsizetype(std::min<std::size_t>(text.size(), 400))).simplified();
    const QStringList words = line.split(QLatin1Char(' '));
    return words.size() <= 4 ? line : words.mid(0, 4).join(QLatin1Char(' ')) + QStringLiteral("...");
}

class PairDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const override
    {
        return {160, QFontMetrics(textFont()).height() + QFontMetrics(textFont(TextSize::Small)).height() + 2 * kStep2};
    }

    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        const Tokens &look = tokens();
        painter->save();
        const bool isChosen = option.state & QStyle::State_Selected, isHovered = option.state & QStyle::State_MouseOver;
        painter->fillRect(option.rect, isChosen ? look.selection : isHovered ? look.surface2 : look.surface0);
        painter->fillRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1, look.border);
        const QRect box = option.rect.adjusted(kPaneSide, kStep2, -kPaneSide, -kStep2);
        icon(flagIcon(engine::RecordFlag::Contradiction), flagInk(engine::RecordFlag::Contradiction))
            .paint(painter, QRect(box.left(), box.top() + 2, kIconSmall, kIconSmall));
        const int left = box.left() + kIconSmall + kStep2;
        const QFont strong = textFont(TextSize::Body, Weight::SemiBold), small = textFont(TextSize::Small);
        const QFontMetrics strongSize(strong), smallSize(small);
        const QString numbers = index.data(NumbersRole).toString();
        const int room = smallSize.horizontalAdvance(numbers);
        painter->setFont(small);
        painter->setPen(look.muted);
        painter->drawText(box.right() - room + 1, box.top() + strongSize.ascent(), numbers);
        painter->drawText(left, box.top() + strongSize.height() + smallSize.ascent(),
                          smallSize.elidedText(index.data(AnswersRole).toString(), Qt::ElideRight, box.right() - left));
        painter->setFont(strong);
        painter->setPen(look.text);
        painter->drawText(left, box.top() + strongSize.ascent(),
                          strongSize.elidedText(index.data(QuestionRole).toString(), Qt::ElideRight, box.right() - room - kStep2 - left));
        painter->restore();
    }
};

} // namespace

ContradictionList::ContradictionList(QWidget *parent) : QListView(parent), m_items(new QStandardItemModel(this))
{
    setModel(m_items);
    setItemDelegate(new PairDelegate(this));
    setFrameShape(QFrame::NoFrame);
    setUniformItemSizes(true);
    setEditTriggers(NoEditTriggers);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollMode(ScrollPerPixel);
    viewport()->setBackgroundRole(QPalette::Window);
    setMouseTracking(true);
    setAccessibleName(tr("Pairs to settle"));
    setToolTip(tr("Records that ask the same and answer differently"));
}

void ContradictionList::setPairs(const ContradictionSet &set)
{
    const QSignalBlocker blocker(this);
    m_items->clear();
    for (const engine::Contradiction &pair : set.pairs) {
        const data::Record &left = set.records.at(pair.left), &right = set.records.at(pair.right);
        auto *item = new QStandardItem;
        const QString question = QString::fromUtf8(data::instructionOf(left).data(), qsizetype(data::instructionOf(left).size())).left(200).simplified();
        const QString answers = tr("\"%1\" against \"%2\"").arg(beginning(data::responseOf(left)), beginning(data::responseOf(right)));
        item->setData(question, QuestionRole);
        item->setData(tr("%1, %2").arg(countText(pair.left.value), countText(pair.right.value)), NumbersRole);
        item->setData(answers, AnswersRole);
        item->setData(tr("%1. Records %2 and %3: %4").arg(question, countText(pair.left.value), countText(pair.right.value), answers), Qt::AccessibleTextRole);
        item->setToolTip(question + QLatin1Char('\n') + answers);
        m_items->appendRow(item);
    }
}

int ContradictionList::pairCount() const
{
    return m_items->rowCount();
}

void ContradictionList::goTo(int pair)
{
    setCurrentIndex(m_items->index(pair, 0));
}

void ContradictionList::currentChanged(const QModelIndex &current, const QModelIndex &previous)
{
    QListView::currentChanged(current, previous);
    emit currentPairChanged(current.row());
}

} // namespace fettle::ui
