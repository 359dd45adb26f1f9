// The usable models as a table: what each is and whether it can be trained here.
#pragma once

#include "core/engine/models.h"

#include <QAbstractTableModel>
#include <QStyledItemDelegate>

namespace fettle::ui {

[[nodiscard]] QString familyText(const engine::Inspection &model); // "Llama"
[[nodiscard]] QString trainableText(const engine::Inspection &model); // in words

class ModelTable : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Name, Family, Parameters, Storage, Context, OnDisk, Trainable, Note, Columns };
    enum Role { InUseRole = Qt::UserRole, IsFileRole };

    using QAbstractTableModel::QAbstractTableModel;
    void setModels(std::vector<engine::Inspection> models);
    void setInUse(const QString &path); // the base model of the open project
    [[nodiscard]] const engine::Inspection &modelAt(int row) const { return m_models[std::size_t(row)]; }
    [[nodiscard]] int rowOf(const QString &path) const; // -1: not there

    [[nodiscard]] int rowCount(const QModelIndex &parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex &parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex &index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<engine::Inspection> m_models;
    QString m_inUse;
};

class ModelDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

} // namespace fettle::ui
