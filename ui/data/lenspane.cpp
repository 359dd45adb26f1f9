#include "ui/data/lenspane.h"

#include "ui/bridge/bridge.h"
#include "ui/data/lenslegend.h"
#include "ui/data/recordwords.h"
#include "ui/data/tokenlens.h"
#include "ui/widgets/button.h"
#include "ui/widgets/card.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/segmented.h"

#include <QHBoxLayout>
#include <QPainter>

#include <cmath>

namespace fettle::ui {

using namespace measure;

namespace {

// The same standard as the table of settings; a project that says otherwise wins.
constexpr const char *kStandardMaxLength = "1024";
constexpr int kShadePauseMs = 400;
constexpr int kByLoss = 1; // segment of the switch

// The coloured bar below the lens.
class VerdictBar : public QWidget {
public:
    bool isBad = true;

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), isBad ? tokens().badSoft : tokens().warningSoft);
        painter.fillRect(0, 0, width(), 1, tokens().border);
    }
};

} // namespace

void LensPane::readOptions()
{
    m_options.maxLength = m_bridge.settingText("maxLength", QString::fromLatin1(kStandardMaxLength)).toLongLong();
    m_options.contextJoin.separator = m_bridge.settingText("contextSeparator", QStringLiteral("\n")).toStdString();
    m_options.defaultSystem = m_bridge.settingText("defaultSystem").toStdString();
}

LensPane::LensPane(Bridge &bridge, QWidget *parent) : QWidget(parent), m_bridge(bridge)
{
    setupLayout();
    m_shadeTimer.setSingleShot(true);
    m_shadeTimer.setInterval(kShadePauseMs);
    connect(&m_shadeTimer, &QTimer::timeout, this, &LensPane::shade);
    connect(m_shading, &Segmented::chosen, this, [this](int index) {
        m_bridge.cancel(m_lossJob);
        m_lens->setLosses({});
        m_legend->setTiles(m_lens->tiles());
        if (index == kByLoss)
            shade();
    });
    connect(m_lens, &TokenLens::tokenActivated, this, [this](int token) {
        if (m_lens->tiles())
            emit tokenActivated(m_lens->tiles()->tiles[static_cast<std::size_t>(token)]);
    });
    connect(m_allow, &QAbstractButton::clicked, this, [this] {
        if (m_lens->tiles())
            emit allowRequested(m_lens->tiles()->count());
    });
    clear();
}

void LensPane::setupLayout()
{
    auto *head = new Pane(Surface::Window, Qt::TopEdge);
    auto *headColumn = new QVBoxLayout(head);
    headColumn->setContentsMargins(kPaneSide, kStep2 + 1, kPaneSide, kStep2);
    headColumn->setSpacing(kStep1);
    m_title = strongLabel(tr("As the model reads it"));
    m_legend = new LensLegend;
    m_shading = new Segmented({tr("Learnt"), tr("Loss")});
    m_shading->setAccessibleName(tr("What the colours of the tokens mean"));
    m_shading->setSegmentToolTip(0, tr("Shows which tokens are learnt, which are read only, and what is cut off."));
    m_shading->setSegmentToolTip(kByLoss, tr("Shows how surprised the model is by each token, after the newest run: what it has not learnt is dark."));
    auto *titleRow = new QHBoxLayout;
    titleRow->addWidget(m_title, 1);
    titleRow->addWidget(m_shading);
    headColumn->addLayout(titleRow);
    headColumn->addWidget(m_legend);

    m_lens = new TokenLens;
    auto *bar = new VerdictBar;
    m_bar = bar;
    auto *row = new QHBoxLayout(bar);
    row->setContentsMargins(kPaneSide, kStep2, kPaneSide, kStep2);
    row->setSpacing(kStep2);
    m_barIcon = new IconLabel(QStringLiteral("scissors"), Ink::Bad);
    m_barText = new TextLabel;
    m_barText->setWordWrap(true);
    m_allow = new Button({}, {}, tr("Make the longest length of this project long enough for this record"));
    row->addWidget(m_barIcon);
    row->addWidget(m_barText, 1);
    row->addWidget(m_allow);

    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(head);
    column->addWidget(m_lens, 1);
    column->addWidget(m_bar);
}

void LensPane::setNarrow(bool isNarrow)
{
    m_isNarrow = isNarrow;
    m_title->setText(isNarrow ? tr("Token lens") : tr("As the model reads it"));
    if (m_lens->tiles())
        judge(*m_lens->tiles());
}

void LensPane::clear()
{
    ++m_request;
    m_shown = {};
    m_record = {};
    m_shadeTimer.stop();
    m_bridge.cancel(m_lossJob);
    m_lens->setPlaceholder(tr("Choose a record to see it token by token, as the model will read it."));
    m_lens->setTiles(nullptr, TokenLens::Scroll::ToTrained);
    m_legend->setTiles(nullptr);
    m_bar->hide();
}

void LensPane::showRecord(const data::Record &record)
{
    const std::uint64_t request = ++m_request;
    m_record = record;
    m_shadeTimer.stop();
    m_bridge.cancel(m_lossJob);
    m_bridge.withLens<std::shared_ptr<const TokenTiles>>(
        this,
        [record, options = m_options](const LensApi &lens) -> Result<std::shared_ptr<const TokenTiles>> {
            const auto labelled = lens.label(record, options);
            if (!labelled)
                return passError(labelled);
            return makeTiles(*labelled);
        },
        [this, id = record.id, request](Result<std::shared_ptr<const TokenTiles>> tiles) { receive(id, request, std::move(tiles)); },
        "label editor");
}

void LensPane::receive(RecordId record, std::uint64_t request, Result<std::shared_ptr<const TokenTiles>> tiles)
{
    if (request != m_request)
        return; // a newer one is on its way
    if (!tiles) {
        m_lens->setPlaceholder(QString::fromStdString(tiles.error().message + "\n" + tiles.error().hint));
        m_lens->setTiles(nullptr, TokenLens::Scroll::ToTrained);
        m_legend->setTiles(nullptr);
        m_shown = {};
        m_bar->hide();
        return;
    }
    const auto scroll = record == m_shown ? TokenLens::Scroll::Stay : TokenLens::Scroll::ToTrained;
    m_shown = record;
    m_legend->setTiles(*tiles);
    judge(**tiles); // first: the bar changes the height that the lens has
    m_lens->setTiles(*tiles, scroll);
    if (m_shading->current() == kByLoss) {
        m_legend->setWaiting(tr("The model reads the record"));
        m_shadeTimer.start();
    }
}

// The tiles that are shown get the losses of the same record.
void LensPane::shade()
{
    if (!m_lens->tiles())
        return;
    m_legend->setWaiting(tr("The model reads the record"));
    m_lossJob = m_bridge.tokenLosses(m_record, m_options, this, [this, request = m_request](Result<LensLosses> losses) { receiveLosses(request, std::move(losses)); });
}

void LensPane::receiveLosses(std::uint64_t request, Result<LensLosses> losses)
{
    if (request != m_request || m_shading->current() != kByLoss || !m_lens->tiles())
        return;
    if (!losses) {
        if (losses.error().code != ErrorCode::Cancelled)
            m_legend->setWaiting(QString::fromStdString(losses.error().message));
        return;
    }
    double sum = 0;
    int trained = 0;
    const auto &tiles = m_lens->tiles()->tiles;
    for (std::size_t i = 0; i < std::min(tiles.size(), losses->tokens.size()); ++i) {
        if (tiles[i].fate != TokenFate::Trained || !std::isfinite(losses->tokens[i]))
            continue;
        sum += double(losses->tokens[i]);
        ++trained;
    }
    m_legend->setLosses(losses->of.isEmpty() ? tr("Base model") : losses->of, trained > 0 ? std::optional(sum / trained) : std::nullopt);
    m_lens->setLosses(std::move(losses->tokens));
}

void LensPane::judge(const TokenTiles &tiles)
{
    const QString allow = tr("Allow %1").arg(countText(tiles.count()));
    QStringList warnings;
    for (const auto &warning : tiles.warnings)
        if (warning.code != "allCut") // is said below
            warnings.append(QString::fromStdString(warning.text));
    if (tiles.cut > 0) {
        const QString fact = tr("%1 tokens, %2 fit.").arg(countText(tiles.count()), countText(m_options.maxLength));
        QString consequence = tr("The end is cut off.");
        if (tiles.trained == 0)
            consequence = tr("The whole answer is cut off, so nothing would be learnt.");
        else if (tiles.isEndMarkCut)
            consequence = m_isNarrow ? tr("The end mark is cut off.") : tr("The end mark is cut off, so the model would not learn to stop.");
        warnings.prepend(m_isNarrow ? consequence : fact + QLatin1Char(' ') + consequence);
        showVerdict(warnings, true, QStringLiteral("scissors"), allow);
        return;
    }
    if (tiles.answer == 0) {
        warnings.prepend(tr("The answer is empty, so there is nothing to learn."));
        showVerdict(warnings, true, QStringLiteral("circle-alert"), {});
        return;
    }
    if (!warnings.isEmpty()) {
        showVerdict(warnings, false, QStringLiteral("triangle-alert"), {});
        return;
    }
    m_bar->hide();
}

// The worst first. Where there is little room, the others are told when one asks.
void LensPane::showVerdict(const QStringList &verdicts, bool isBad, const QString &icon, const QString &button)
{
    static_cast<VerdictBar *>(m_bar)->isBad = isBad;
    m_barText->setText(!m_isNarrow ? verdicts.join(QLatin1Char('\n')) : verdicts.size() > 1 ? tr("%1 And %2 more.").arg(verdicts.front()).arg(verdicts.size() - 1) : verdicts.front());
    m_barText->setToolTip(verdicts.join(QLatin1Char('\n')));
    m_barIcon->setIcon(icon, isBad ? Ink::Bad : Ink::Warning);
    m_allow->setText(button);
    m_allow->setVisible(!button.isEmpty());
    m_bar->show();
    m_bar->update();
}

QString LensPane::verdict() const
{
    return m_bar->isHidden() ? QString() : m_barText->text();
}

} // namespace fettle::ui
