// The token lens with its head (legend with counts) and the bar below it, which speaks only when something is wrong: fact, consequence,
// one button. Asks the bridge for tokens; the newest request wins.
#pragma once

#include "core/base/result.h"
#include "core/data/labelledtokens.h"
#include "ui/data/tokentiles.h"

#include <QTimer>
#include <QWidget>

namespace fettle::ui {

class Bridge;
class Button;
class IconLabel;
class LensLegend;
class Segmented;
struct LensLosses;
class TextLabel;
class TokenLens;

class LensPane : public QWidget {
    Q_OBJECT
public:
    explicit LensPane(Bridge &bridge, QWidget *parent = nullptr);

    // Shows the record as it would be read now. Another record than before scrolls to its trained part.
    void showRecord(const data::Record &record);
    void clear();
    void setNarrow(bool isNarrow);
    [[nodiscard]] TokenLens *lens() const { return m_lens; }
    [[nodiscard]] Segmented *shading() const { return m_shading; }
    [[nodiscard]] QString verdict() const;
    // How the open project renders its records.
    [[nodiscard]] const data::RenderOptions &options() const { return m_options; }
    void readOptions(); // after the project or its settings changed

signals:
    void tokenActivated(const fettle::ui::TokenTile &tile);
    void allowRequested(qint64 tokens); // raise the longest length to this

private:
    void setupLayout();
    void receive(RecordId record, std::uint64_t request, Result<std::shared_ptr<const TokenTiles>> tiles);
    void showVerdict(const QStringList &verdicts, bool isBad, const QString &icon, const QString &button);
    void judge(const TokenTiles &tiles);
    void shade();
    void receiveLosses(std::uint64_t request, Result<LensLosses> losses);

    Bridge &m_bridge;
    TextLabel *m_title = nullptr;
    LensLegend *m_legend = nullptr;
    TokenLens *m_lens = nullptr;
    Segmented *m_shading = nullptr;
    QTimer m_shadeTimer; // not for every key that is typed
    std::int64_t m_lossJob = 0;
    data::Record m_record; // that is shown
    QWidget *m_bar = nullptr;
    IconLabel *m_barIcon = nullptr;
    TextLabel *m_barText = nullptr;
    Button *m_allow = nullptr;
    RecordId m_shown;               // whose tiles are painted
    std::uint64_t m_request = 0;
    data::RenderOptions m_options;
    bool m_isNarrow = false;
};

} // namespace fettle::ui
