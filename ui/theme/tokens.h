// The one table of colours, type sizes and measures. Palette, style, icons, charts and lens read from it; nothing else names a colour.
// Source: the design's token table, whose contrast ratios hold for these values. Knows no widget.
#pragma once

#include <QColor>
#include <QFont>
#include <QString>

#include <array>

namespace fettle::ui {

enum class Scheme { Light, Dark };

// A foreground colour by what it says, for icons and texts that must follow the theme.
enum class Ink { Text, Muted, Accent, OnAccent, Good, Warning, Bad, BorderStrong, Disabled };

struct Tokens {
    Scheme scheme;
    QColor surface0, surface1, surface2;
    QColor border, borderStrong, grid;
    QColor text, muted, disabled;
    QColor accent, accentHover, onAccent, accentSoft;
    QColor selection, focusRing;
    QColor good, goodSoft, warning, warningSoft, bad, badSoft;
    QColor shadow;

    // Token lens.
    QColor trainedText, trainedFill, trainedLine;
    QColor contextText, contextFill;
    QColor specialText, specialFill;
    QColor cutText, cutFill;
    std::array<QColor, 5> lossSteps; // 0 to 0.5, 1, 2, 3, more nats

    std::array<QColor, 5> shiftSteps; // playground: less likely than in the other model, the same, likelier

    // Charts: train is always series[0], held out always series[1]; where runs are overlaid the colour means the run.
    std::array<QColor, 8> series;

    // Memory bar.
    QColor memoryWeights, memoryActivations, memoryReserve;

    [[nodiscard]] QColor ink(Ink which) const;
};

[[nodiscard]] const Tokens &tokensOf(Scheme scheme);
// The table in use. Changes with Theme::apply; widgets then receive QEvent::PaletteChange.
[[nodiscard]] const Tokens &tokens();
void setCurrentScheme(Scheme scheme); // Theme only

enum class TextSize { Small, Body, Title }; // 11/16, 13/20, 18/24 px
enum class Weight { Regular, SemiBold };

[[nodiscard]] QFont textFont(TextSize size = TextSize::Body, Weight weight = Weight::Regular);
[[nodiscard]] QFont monoFont(TextSize size = TextSize::Body, Weight weight = Weight::Regular);
void setTextScale(double scale); // multiplies all three sizes; 1 at the start
[[nodiscard]] double textScale();

// Device-independent pixels.
namespace measure {
inline constexpr int kStep1 = 4, kStep2 = 8, kStep3 = 12, kStep4 = 16, kStep5 = 24;
inline constexpr int kPaneSide = 16, kPaneTop = 12, kCell = 8;
inline constexpr int kRailWide = 72, kRailNarrow = 48, kNarrowBelow = 1200;
inline constexpr int kTopBar = 44, kPageHead = 48, kHealthBar = 40, kStatusBar = 28;
inline constexpr int kRow = 28, kButtonRow = 36;
inline constexpr int kButtonSmall = 24, kButton = 28, kButtonLarge = 32;
inline constexpr int kChip = 24, kBadge = 20, kTag = 18;
inline constexpr int kCheck = 14, kRadio = 16;
inline constexpr int kRadiusCheck = 3, kRadiusBadge = 4, kRadiusButton = 5, kRadiusInner = 6, kRadiusCard = 8;
inline constexpr int kIcon = 16, kIconSmall = 14, kIconLarge = 20;
inline constexpr int kScrollBar = 10, kScrollThumb = 6;
inline constexpr int kSideList = 208, kEditor = 520, kEditorNarrow = 408, kDetail = 424;
inline constexpr int kOpenMs = 120; // panels that open or close
} // namespace measure

} // namespace fettle::ui
