#include "ui/data/comparedside.h"

#include "ui/data/markedtext.h"
#include "ui/data/recordwords.h"
#include "ui/widgets/badge.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/scrollpane.h"

#include <QEvent>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace fettle::ui {

using namespace measure;

ComparedSide::ComparedSide(const QString &place, QWidget *parent) : QWidget(parent)
{
    m_number = strongLabel({});
    m_status = new Badge({});
    auto *edit = new Link(tr("Edit"));
    edit->setToolTip(tr("Opens this record in the table, to edit all of it"));
    edit->setAccessibleName(tr("Edit the %1 record").arg(place));
    connect(edit, &QAbstractButton::clicked, this, &ComparedSide::openRequested);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    head->setSpacing(kStep2);
    head->addWidget(m_number);
    head->addWidget(m_status);
    head->addWidget(smallLabel(place));
    head->addStretch(1);
    head->addWidget(edit);

    m_instruction = markedLabel(tr("Instruction of the %1 record").arg(place));
    m_context = markedLabel(tr("Context of the %1 record").arg(place));
    m_response = markedLabel(tr("Response of the %1 record").arg(place));
    m_response->setToolTip(tr("Marked words stand in this answer only. Click them to add them to the merged answer."));
    connect(m_response, &QLabel::linkActivated, this, [this](const QString &link) {
        const std::size_t number = link.toULongLong();
        if (number < m_responseMarks.size()) {
            const std::string text(data::responseOf(m_record));
            const ByteRange range = m_responseMarks[number];
            emit wordsActivated(QString::fromStdString(text.substr(range.begin, range.end - range.begin)));
        }
    });
    auto *facts = new QFormLayout;
    facts->setContentsMargins(0, kStep2, 0, 0);
    facts->setHorizontalSpacing(kStep5);
    facts->setVerticalSpacing(kStep1);
    const auto addFact = [facts](const QString &name) {
        auto *value = new TextLabel;
        value->setWordWrap(true);
        facts->addRow(mutedLabel(name), value);
        return value;
    };
    m_source = addFact(tr("Source"));
    m_tags = addFact(tr("Tags"));
    m_rating = addFact(tr("Rating"));
    m_lossText = addFact(tr("Loss"));
    m_lossText->setToolTip(tr("How surprised the newest run was by this answer: low means learnt, high means it stands alone"));
    m_note = addFact(tr("Note"));

    auto *content = new QWidget;
    auto *column = new QVBoxLayout(content);
    column->setContentsMargins(kPaneSide, kStep3, kPaneSide, kStep3);
    column->setSpacing(3);
    column->addWidget(sectionLabel(tr("Instruction")));
    column->addWidget(m_instruction);
    column->addSpacing(kStep2);
    m_contextLabel = sectionLabel(tr("Context"));
    column->addWidget(m_contextLabel);
    column->addWidget(m_context);
    column->addSpacing(kStep2);
    column->addWidget(sectionLabel(tr("Response")));
    column->addWidget(m_response);
    column->addSpacing(kStep3);
    column->addWidget(new Separator);
    column->addLayout(facts);
    column->addStretch(1);
    QScrollArea *scroll = scrollPane(content);
    scroll->setFocusPolicy(Qt::NoFocus);

    auto *all = new QVBoxLayout(this);
    all->setContentsMargins(0, 0, 0, 0);
    all->setSpacing(0);
    all->addLayout(head);
    all->addWidget(new Separator);
    all->addWidget(scroll, 1);
}

void ComparedSide::show(const data::Record &record, const std::vector<ByteRange> &instruction, const std::vector<ByteRange> &response, std::optional<double> loss)
{
    m_record = record;
    m_instructionMarks = instruction;
    m_responseMarks = response;
    m_loss = loss;
    write();
}

QString ComparedSide::responseText() const
{
    const std::string_view text = data::responseOf(m_record);
    return QString::fromUtf8(text.data(), qsizetype(text.size()));
}

void ComparedSide::write()
{
    m_number->setText(m_record.id.isValid() ? tr("No. %1").arg(countText(m_record.id.value)) : QString());
    m_status->setText(statusName(m_record.status));
    m_status->setIconName(statusIcon(m_record.status));
    m_instruction->setText(markedHtml(data::instructionOf(m_record), m_instructionMarks, Mark::Differs));
    m_response->setText(markedHtml(data::responseOf(m_record), m_responseMarks, Mark::Link));
    m_context->setText(markedHtml(m_record.context, {}, Mark::Differs));
    for (QWidget *widget : std::initializer_list<QWidget *>{m_context, m_contextLabel})
        widget->setVisible(!m_record.context.empty());
    const QString none = tr("none");
    QStringList tags;
    for (const std::string &tag : m_record.tags)
        tags << QString::fromStdString(tag);
    m_source->setText(m_record.source.empty() ? tr("written here") : QString::fromStdString(m_record.source));
    m_tags->setText(tags.isEmpty() ? none : tags.join(QStringLiteral(", ")));
    m_rating->setText(m_record.rating > 0 ? tr("%1 of 5").arg(m_record.rating) : none);
    m_lossText->setText(m_loss ? lossText(*m_loss) : tr("not trained yet"));
    m_note->setText(m_record.note.empty() ? none : QString::fromStdString(m_record.note));
}

void ComparedSide::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_record.id.isValid())
        write(); // the marks carry colours
}

} // namespace fettle::ui
