#include "ui/data/draftstrip.h"

#include "ui/data/recordwords.h"
#include "ui/widgets/button.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/progressline.h"

#include <QHBoxLayout>

namespace fettle::ui {

using namespace measure;

DraftStrip::DraftStrip(QWidget *parent)
    : Pane(Surface::Quiet, Qt::TopEdge, parent), m_text(new ElidedLabel({}, TextSize::Small)), m_progress(new ProgressLine), m_filter(new Link({})),
      m_stop(new Button(tr("Stop"), {}, tr("Ends drafting; the drafts that are written stay")))
{
    setFixedHeight(qRound(32 * textScale()));
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(kStep3, 1, kStep2, 0);
    row->setSpacing(kStep2);
    row->addWidget(new IconLabel(QStringLiteral("wand-sparkles"), Ink::Accent, kIconSmall));
    row->addWidget(m_text, 1);
    row->addWidget(m_progress);
    row->addWidget(m_filter);
    row->addWidget(m_stop);
    m_progress->setFixedWidth(120);
    m_filter->setTextSize(TextSize::Small);
    m_stop->setHeight(kBadge);
    connect(m_stop, &QAbstractButton::clicked, this, &DraftStrip::stopWanted);
    connect(m_filter, &QAbstractButton::clicked, this, [this] { emit filterWanted(!m_isFiltered); });
    hide();
}

void DraftStrip::setState(const DraftingState &state, qint64 waiting, bool isFiltered)
{
    m_isFiltered = isFiltered;
    setVisible(state.isOn || waiting > 0 || isFiltered);
    m_progress->setVisible(state.isOn);
    m_stop->setVisible(state.isOn);
    m_filter->setVisible(waiting > 0 || isFiltered);
    if (state.isOn) {
        m_text->setText(tr("%1 drafts answers: %2 of %3").arg(state.author, countText(state.done), countText(state.total)));
        m_progress->setShare(double(state.done) / double(state.total));
    } else {
        m_text->setText(waiting == 0 ? tr("No draft waits for you") : waiting == 1 ? tr("1 draft waits for you") : tr("%1 drafts wait for you").arg(countText(waiting)));
    }
    m_filter->setText(isFiltered ? tr("Show all records") : tr("Show the drafts"));
    m_filter->setToolTip(isFiltered ? tr("Takes has:draft out of the search") : tr("Shows the records with a draft that nobody has judged yet"));
}

} // namespace fettle::ui
