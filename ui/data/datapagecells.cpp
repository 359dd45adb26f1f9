// Short fields that are changed in the table itself: tags in a line, status and split from a menu. The rest is the editor's.
#include "ui/data/datapage.h"
#include "ui/data/recordeditor.h"
#include "ui/data/recordmodel.h"
#include "ui/data/recordtable.h"
#include "ui/data/recordwords.h"

#include <QLineEdit>
#include <QMenu>
#include <QShortcut>

#include <algorithm>

namespace fettle::ui {

namespace {

std::vector<std::string> tagsFrom(const QString &text)
{
    std::vector<std::string> tags;
    for (const QString &part : text.split(u',')) {
        const std::string tag = part.simplified().toStdString();
        if (!tag.empty() && std::find(tags.begin(), tags.end(), tag) == tags.end())
            tags.push_back(tag);
    }
    return tags;
}

} // namespace

void DataPage::editCell(const QModelIndex &index)
{
    if (!index.isValid() || index.row() >= m_model->rowCount())
        return;
    m_editor->flush();
    const RecordId id = m_model->idAt(index.row());
    const QRect cell = m_table->visualRect(index);
    if (index.column() == RecordModel::TagsColumn) {
        editTags(id, cell);
        return;
    }
    QMenu menu(this);
    if (index.column() == RecordModel::StatusColumn) {
        for (const auto status : {data::RecordStatus::New, data::RecordStatus::Edited, data::RecordStatus::Approved, data::RecordStatus::Rejected})
            menu.addAction(statusName(status), this, [this, id, status] { bridge().setStatus({id}, status); });
    } else if (index.column() == RecordModel::SplitColumn) {
        for (const auto split : {data::Split::Train, data::Split::HeldOut, data::Split::Test, data::Split::Unassigned})
            menu.addAction(splitLabel(split), this, [this, id, split] { bridge().setSplit({id}, split); });
    }
    if (!menu.isEmpty())
        menu.exec(m_table->viewport()->mapToGlobal(cell.bottomLeft()));
}

void DataPage::editTags(RecordId id, const QRect &cell)
{
    const engine::RecordRow *row = m_model->rowAt(m_model->rowOf(id));
    if (!row)
        return;
    QStringList tags;
    for (const std::string &tag : row->tags) {
        if (tag.find(',') != std::string::npos) { // would become two here
            m_editor->startTagging();
            return;
        }
        tags.append(QString::fromStdString(tag));
    }
    auto *line = new QLineEdit(tags.join(QStringLiteral(", ")), m_table->viewport());
    line->setObjectName(QStringLiteral("tagsInCell"));
    line->setAccessibleName(tr("Tags of record %1").arg(countText(id.value)));
    line->setToolTip(tr("Tags with commas between them; Return keeps them, Escape leaves them as they were"));
    line->setGeometry(QRect(cell.left(), cell.top(), std::max(cell.width(), 220), cell.height()));
    line->show();
    line->selectAll();
    line->setFocus(Qt::OtherFocusReason);
    connect(new QShortcut(Qt::Key_Escape, line, nullptr, nullptr, Qt::WidgetShortcut), &QShortcut::activated, line, [this, line] {
        line->deleteLater();
        m_table->setFocus(Qt::OtherFocusReason);
    });
    connect(line, &QLineEdit::returnPressed, this, [this, line, id, before = line->text()] {
        const QString text = line->text();
        line->deleteLater();
        m_table->setFocus(Qt::OtherFocusReason);
        if (text == before)
            return;
        bridge().write<void>(
            Touched::Records, nullptr,
            [id, tags = tagsFrom(text)](ProjectApi &project, const JobContext &) -> Result<> {
                auto record = project.record(id);
                if (!record)
                    return passError(record);
                record->tags = tags;
                return project.saveRecord(*record);
            },
            {});
    });
    connect(line, &QLineEdit::editingFinished, line, &QObject::deleteLater); // the keyboard went elsewhere
}

} // namespace fettle::ui
