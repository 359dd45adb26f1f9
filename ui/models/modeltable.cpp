// See modeltable.h.
#include "ui/models/modeltable.h"

#include "ui/theme/icons.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/words.h"

#include <QPainter>

namespace fettle::ui {

QString familyText(const engine::Inspection &model)
{
    QString name = QString::fromStdString(model.architecture);
    for (const char *suffix : {"ForCausalLM", "LMHeadModel", "Model"})
        name.remove(QLatin1String(suffix));
    return name.isEmpty() ? QString() : name.left(1).toUpper() + name.mid(1);
}

QString trainableText(const engine::Inspection &model)
{
    if (!model.trainable)
        return model.problems.empty() ? ModelTable::tr("Cannot be trained") : QString::fromStdString(model.problems.front().message);
    QStringList refused;
    for (const std::string &method : model.refusedMethods)
        refused.append(methodText(method));
    return refused.isEmpty() ? ModelTable::tr("All methods") : ModelTable::tr("All but %1").arg(refused.join(ModelTable::tr(" and ")));
}

void ModelTable::setModels(std::vector<engine::Inspection> models)
{
    beginResetModel();
    m_models = std::move(models);
    endResetModel();
}

void ModelTable::setInUse(const QString &path)
{
    m_inUse = path;
    if (!m_models.empty())
        emit dataChanged(index(0, 0), index(int(m_models.size()) - 1, Columns - 1));
}

int ModelTable::rowOf(const QString &path) const
{
    for (std::size_t i = 0; i < m_models.size(); ++i) {
        if (QString::fromStdString(m_models[i].path) == path)
            return int(i);
    }
    return -1;
}

int ModelTable::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_models.size());
}

int ModelTable::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(Columns);
}

QVariant ModelTable::data(const QModelIndex &index, int role) const
{
    if (!index.isValid())
        return {};
    const engine::Inspection &model = m_models[std::size_t(index.row())];
    const bool isInUse = !m_inUse.isEmpty() && QString::fromStdString(model.path) == m_inUse;
    if (role == InUseRole)
        return isInUse;
    if (role == IsFileRole)
        return model.kind == "gguf";
    if (role == Qt::ToolTipRole)
        return QString::fromStdString(model.path);
    if (role == Qt::TextAlignmentRole) {
        const bool isNumber = index.column() == Parameters || index.column() == Context || index.column() == OnDisk;
        return int(Qt::AlignVCenter | (isNumber ? Qt::AlignRight : Qt::AlignLeft));
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Name: return QString::fromStdString(model.name);
    case Family: return familyText(model);
    case Parameters: return model.parameters > 0 ? largeCountText(double(model.parameters)) : QString();
    case Storage: return QString::fromStdString(model.storage);
    case Context: return model.context > 0 ? countText(model.context) : QString();
    case OnDisk: return bytesText(model.fileBytes);
    case Trainable: return trainableText(model);
    case Note: return isInUse ? tr("in use") : !model.hasChatTemplate ? tr("no chat template") : QString();
    default: return {};
    }
}

QVariant ModelTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole) {
        const bool isNumber = section == Parameters || section == Context || section == OnDisk;
        return int(Qt::AlignVCenter | (isNumber ? Qt::AlignRight : Qt::AlignLeft));
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name: return tr("Model");
    case Family: return tr("Family");
    case Parameters: return tr("Parameters");
    case Storage: return tr("Storage");
    case Context: return tr("Context");
    case OnDisk: return tr("On disk");
    case Trainable: return tr("Can be trained here");
    default: return {};
    }
}

void ModelDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const Tokens &t = tokens();
    painter->save();
    const QRect rect = option.rect;
    if (option.state & QStyle::State_Selected)
        painter->fillRect(rect, t.selection);
    else if (option.state & QStyle::State_MouseOver)
        painter->fillRect(rect, t.surface0);
    painter->fillRect(rect.x(), rect.bottom(), rect.width(), 1, t.grid);
    const int column = index.column();
    const bool isFirst = column == ModelTable::Name;
    QRect text = rect.adjusted(isFirst ? measure::kPaneSide : measure::kCell, 0, -measure::kCell, -1);
    if (isFirst || column == ModelTable::Trainable) {
        const QString name = isFirst ? (index.data(ModelTable::IsFileRole).toBool() ? QStringLiteral("file") : QStringLiteral("folder"))
                                     : QStringLiteral("circle-check");
        paintIcon(*painter, QRect(text.x(), text.y(), measure::kIconSmall, text.height()), name, measure::kIconSmall,
                  isFirst ? t.muted : t.good);
        text.setLeft(text.left() + measure::kIconSmall + (isFirst ? 8 : 5));
    }
    if (column == ModelTable::Note) {
        const BadgeLook look{index.data().toString(), {}, BadgeTone::Accent};
        if (!index.data(ModelTable::InUseRole).toBool()) {
            painter->setFont(textFont());
            painter->setPen(t.muted);
            painter->drawText(text, Qt::AlignVCenter, painter->fontMetrics().elidedText(look.text, Qt::ElideRight, text.width()));
        } else {
            drawBadge(*painter, QPoint(text.x(), rect.y() + (rect.height() - look.height) / 2), look);
        }
        painter->restore();
        return;
    }
    painter->setFont(textFont(TextSize::Body, isFirst ? Weight::SemiBold : Weight::Regular));
    painter->setPen(column == ModelTable::Family ? t.muted : t.text);
    painter->drawText(text, index.data(Qt::TextAlignmentRole).toInt(),
                      painter->fontMetrics().elidedText(index.data().toString(), Qt::ElideRight, text.width()));
    painter->restore();
}

} // namespace fettle::ui
