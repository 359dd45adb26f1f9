#include "ui/data/mixdialog.h"

#include "core/train/settings.h"
#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/plaintable.h"
#include "ui/widgets/rowdelegate.h"

#include <QDoubleSpinBox>
#include <QHeaderView>
#include <QPainter>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

namespace {

constexpr int kSet = 0, kRecords = 1, kWeight = 2, kShare = 3;
constexpr int kNameRole = Qt::UserRole, kWithoutRole = Qt::UserRole + 1, kWithRole = Qt::UserRole + 2;
constexpr auto kMixKey = "mix"; // see engine::withProjectMix
constexpr std::size_t kShownSets = 2000; // of files, and of tags

QString percent(double share)
{
    return share > 0 && share < 0.01 ? MixDialog::tr("below 1 %") : MixDialog::tr("%1 %").arg(qRound(share * 100));
}

class ReadOnlyDelegate : public RowDelegate {
public:
    using RowDelegate::RowDelegate;
    QWidget *createEditor(QWidget *, const QStyleOptionViewItem &, const QModelIndex &) const override { return nullptr; }
};

class WeightDelegate : public RowDelegate {
public:
    using RowDelegate::RowDelegate;
    QWidget *createEditor(QWidget *parent, const QStyleOptionViewItem &, const QModelIndex &) const override
    {
        auto *box = new QDoubleSpinBox(parent);
        box->setRange(0, 100);
        box->setDecimals(2);
        box->setSingleStep(0.25);
        box->setAccessibleName(MixDialog::tr("Weight"));
        return box;
    }
    void setEditorData(QWidget *editor, const QModelIndex &index) const override
    {
        auto *box = static_cast<QDoubleSpinBox *>(editor);
        box->setValue(index.data(Qt::EditRole).toDouble());
        box->selectAll();
    }
    void setModelData(QWidget *editor, QAbstractItemModel *model, const QModelIndex &index) const override
    {
        auto *box = static_cast<QDoubleSpinBox *>(editor);
        box->interpretText();
        model->setData(index, box->value(), Qt::EditRole);
    }
};

// The share as a bar, with a mark where it would be if every record were read once.
class ShareDelegate : public ReadOnlyDelegate {
public:
    using ReadOnlyDelegate::ReadOnlyDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        RowDelegate::paint(painter, option, index);
        const QVariant with = index.data(kWithRole);
        if (with.isNull())
            return;
        const Tokens &t = tokens();
        const QRect track(option.rect.left() + kStep2, option.rect.center().y() - 3, 96, 6);
        painter->fillRect(track, t.surface2);
        painter->fillRect(QRect(track.topLeft(), QSize(qRound(track.width() * with.toDouble()), track.height())), t.accent);
        painter->fillRect(track.left() + qRound((track.width() - 2) * index.data(kWithoutRole).toDouble()), track.top() - 3, 2, track.height() + 6, t.text);
    }
};

} // namespace

MixDialog::MixDialog(Bridge &bridge, std::int64_t maxLength, QWidget *parent) : QDialog(parent), m_bridge(bridge)
{
    setWindowTitle(tr("Mix"));
    if (auto weights = train::parseWeights(bridge.settingText(kMixKey).toStdString()))
        m_weights = std::move(*weights);
    m_list = plainTable("mixSets", {tr("Set"), tr("Records"), tr("Weight"), tr("Share of what is learnt")}, tr("Sets and their weights"),
                        tr("How often an epoch reads the records of a set: 2 is twice, 0.5 half of them, 0 none. Return or a double click changes a weight."));
    m_list->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed | QAbstractItemView::AnyKeyPressed);
    m_list->setItemDelegate(new ReadOnlyDelegate(m_list));
    m_list->setItemDelegateForColumn(kWeight, new WeightDelegate(m_list));
    m_list->setItemDelegateForColumn(kShare, new ShareDelegate(m_list));
    m_list->header()->resizeSection(kShare, 240);
    m_list->header()->resizeSection(kWeight, 90);
    m_list->setTabKeyNavigation(false);
    m_summary = mutedLabel({});
    m_summary->setWordWrap(true);
    auto *why = mutedLabel(tr("A small set that matters can be read twice in every epoch, a large one in part. A record that is in several sets is read as often as their weights say when multiplied. "
                              "The mark on a bar is the share without a mix."));
    why->setWordWrap(true);
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(kPaneSide, kPaneTop, kPaneSide, kStep3);
    column->setSpacing(kStep2);
    column->addWidget(titleLabel(windowTitle()));
    column->addWidget(why);
    column->addWidget(m_list, 1);
    column->addWidget(m_summary);
    m_reset = new Button(tr("Read all once"), {}, tr("Sets every weight to 1"));
    auto *cancel = new Button(tr("Cancel"), {}, tr("Leaves the mix as it was"));
    m_keep = primaryButton(tr("Keep"), {}, tr("Every new run of this project reads its records this way, unless its own settings name a mix"));
    m_keep->setObjectName(QStringLiteral("keepMix"));
    m_keep->setAutoDefault(false); // Return changes a weight
    m_keep->setEnabled(false);
    auto *row = new QHBoxLayout;
    row->addWidget(m_reset);
    row->addStretch(1);
    row->addWidget(cancel);
    row->addWidget(m_keep);
    for (Button *button : {m_reset, cancel, m_keep}) {
        button->setHeight(kButtonLarge);
        button->setAutoDefault(false);
    }
    column->addLayout(row);
    resize(640, 520);
    connect(m_list, &QTreeWidget::itemChanged, this, &MixDialog::takeWeight);
    connect(m_list, &QTreeWidget::itemActivated, this, [this](QTreeWidgetItem *item) { m_list->editItem(item, kWeight); });
    connect(m_list, &QTreeWidget::currentItemChanged, this, [this](QTreeWidgetItem *item) {
        if (item)
            m_list->setCurrentItem(item, kWeight); // typing changes the weight, wherever the row was clicked
    });
    connect(m_reset, &QAbstractButton::clicked, this, [this] {
        m_weights.clear();
        showShares();
    });
    connect(cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_keep, &QAbstractButton::clicked, this, &MixDialog::keep);
    m_summary->setText(tr("Counting what is learnt"));
    bridge.readSlowly<std::vector<data::MixGroup>>(
        this,
        [maxLength](const ProjectApi *project, const JobContext &) -> Result<std::vector<data::MixGroup>> {
            return project ? project->mixGroups(maxLength) : Result<std::vector<data::MixGroup>>();
        },
        [this](Result<std::vector<data::MixGroup>> groups) {
            if (groups)
                fill(std::move(*groups));
            else
                m_summary->setText(QString::fromStdString(groups.error().message + ' ' + groups.error().hint));
        });
}

MixDialog::~MixDialog()
{
    m_list->disconnect(this); // it closes a field that is open, and says so
}

void MixDialog::fill(std::vector<data::MixGroup> groups)
{
    m_groups = std::move(groups);
    const train::MixShares shares = train::mixShares(m_groups, m_weights);
    m_isFilling = true;
    addSets(tr("Files"), shares.files);
    addSets(tr("Tags"), shares.tags);
    showShares();
    if (QTreeWidgetItem *head = m_list->topLevelItem(0); head && head->childCount() > 0)
        m_list->setCurrentItem(head->child(0), kWeight);
    m_list->setFocus(Qt::OtherFocusReason);
}

void MixDialog::addSets(const QString &head, const std::vector<train::MixShare> &sets)
{
    if (sets.empty())
        return;
    auto *top = new QTreeWidgetItem(m_list, {head});
    top->setFlags(Qt::ItemIsEnabled);
    top->setFont(kSet, textFont(TextSize::Body, Weight::SemiBold));
    for (std::size_t i = 0; i < std::min(sets.size(), kShownSets); ++i) {
        const QString set = QString::fromStdString(sets[i].set), name = set.startsWith(QLatin1String("tag:")) ? set.mid(4) : set;
        auto *item = new QTreeWidgetItem(top, {sets[i].set == train::kOwnSet ? tr("written by hand") : name, countText(sets[i].records)});
        item->setData(kSet, kNameRole, set);
        item->setFlags(item->flags() | Qt::ItemIsEditable);
        alignRight(*item, kRecords, kShare);
    }
    top->setExpanded(true);
}

void MixDialog::takeWeight(QTreeWidgetItem *item)
{
    if (m_isFilling)
        return;
    const std::string set = item->data(kSet, kNameRole).toString().toStdString();
    const double weight = item->data(kWeight, Qt::EditRole).toDouble();
    if (weight == 1)
        m_weights.erase(set);
    else
        m_weights[set] = weight;
    showShares();
}

void MixDialog::showShares()
{
    const train::MixShares shares = train::mixShares(m_groups, m_weights);
    std::map<QString, const train::MixShare *> bySet;
    for (const auto *list : {&shares.files, &shares.tags})
        for (const train::MixShare &share : *list)
            bySet[QString::fromStdString(share.set)] = &share;
    m_isFilling = true;
    for (int head = 0; head < m_list->topLevelItemCount(); ++head) {
        for (int i = 0; i < m_list->topLevelItem(head)->childCount(); ++i) {
            QTreeWidgetItem *item = m_list->topLevelItem(head)->child(i);
            const train::MixShare &share = *bySet.at(item->data(kSet, kNameRole).toString());
            const auto weight = m_weights.find(share.set);
            item->setData(kWeight, Qt::EditRole, weight == m_weights.end() ? 1.0 : weight->second);
            item->setText(kShare, qRound(share.with * 100) == qRound(share.without * 100) ? percent(share.with) : tr("%1, was %2").arg(percent(share.with), percent(share.without)));
            item->setData(kShare, kWithRole, share.with);
            item->setData(kShare, kWithoutRole, share.without);
        }
    }
    m_isFilling = false;
    m_reset->setEnabled(!m_weights.empty());
    QString summary = shares.records <= 0 ? tr("Nothing is left to learn: give a set a weight above 0.")
                                          : tr("An epoch reads about %1 records and learns %2 tokens.").arg(countText(qRound64(shares.records)), countText(qRound64(shares.trainedTokens)));
    if (shares.isEstimate)
        summary += QLatin1Char(' ') + tr("Some lengths are not counted yet; the shares are estimates.");
    m_summary->setText(summary);
    m_keep->setEnabled(shares.records > 0);
}

void MixDialog::keep()
{
    m_bridge.setSettingText(kMixKey, QString::fromStdString(train::weightsText(m_weights)));
    emit kept(!m_weights.empty());
    accept();
}

QString MixDialog::summary() const
{
    return m_summary->text();
}

} // namespace fettle::ui
