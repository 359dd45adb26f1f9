// Values of the design's token table. See tokens.h.
#include "ui/theme/tokens.h"

#include <QFontDatabase>

namespace fettle::ui {

namespace {

QColor rgb(unsigned value)
{
    return QColor::fromRgb(static_cast<QRgb>(0xff000000u | value));
}

Tokens lightTokens()
{
    Tokens t;
    t.scheme = Scheme::Light;
    t.surface0 = rgb(0xF3F3F0);
    t.surface1 = rgb(0xFFFFFF);
    t.surface2 = rgb(0xE9E9E5);
    t.border = rgb(0xD3D3CD);
    t.borderStrong = rgb(0x85887F);
    t.grid = rgb(0xE6E6E2);
    t.text = rgb(0x1B1E20);
    t.muted = rgb(0x565D62);
    t.disabled = rgb(0xA3A69F);
    t.accent = rgb(0x0B6583);
    t.accentHover = rgb(0x095570);
    t.onAccent = rgb(0xFFFFFF);
    t.accentSoft = rgb(0xDCEBF1);
    t.selection = rgb(0xD5E7EE);
    t.focusRing = rgb(0x0B6583);
    t.good = rgb(0x1B7340);
    t.goodSoft = rgb(0xE0F0E5);
    t.warning = rgb(0x855400);
    t.warningSoft = rgb(0xFAEDD2);
    t.bad = rgb(0xB1271B);
    t.badSoft = rgb(0xFBE5E1);
    t.shadow = QColor(0, 0, 0, 46); // 18 %
    t.trainedText = rgb(0x10353F);
    t.trainedFill = rgb(0xCFE6EE);
    t.trainedLine = rgb(0x5FA3BB);
    t.contextText = rgb(0x565D62);
    t.contextFill = rgb(0xEDEDE9);
    t.specialText = rgb(0x565D62);
    t.specialFill = rgb(0xFFFFFF);
    t.cutText = rgb(0x9C2418);
    t.cutFill = rgb(0xF9E1DC);
    t.lossSteps = {rgb(0xFFFFFF), rgb(0xFCEBD9), rgb(0xF8D3AE), rgb(0xF0B07A), rgb(0xE58A45)};
    t.shiftSteps = {rgb(0xF0B07A), rgb(0xFBE3CB), rgb(0xFFFFFF), rgb(0xD5E7EE), rgb(0x93C6DA)};
    t.series = {rgb(0x0B6583), rgb(0xC24E00), rgb(0x6D50B9), rgb(0x0AA85D), rgb(0x7B392F), rgb(0x4F1E42), rgb(0x5F68F1), rgb(0x75898C)};
    t.memoryWeights = rgb(0x4A5358);
    t.memoryActivations = rgb(0x9AA4A6);
    t.memoryReserve = rgb(0xD9DBD7);
    return t;
}

Tokens darkTokens()
{
    Tokens t;
    t.scheme = Scheme::Dark;
    t.surface0 = rgb(0x15181A);
    t.surface1 = rgb(0x1C2022);
    t.surface2 = rgb(0x282D30);
    t.border = rgb(0x353B3F);
    t.borderStrong = rgb(0x757D82);
    t.grid = rgb(0x2A2F32);
    t.text = rgb(0xE6E8E8);
    t.muted = rgb(0xA0A8AD);
    t.disabled = rgb(0x5E666A);
    t.accent = rgb(0x56B4D3);
    t.accentHover = rgb(0x74C4DE);
    t.onAccent = rgb(0x0A1E26);
    t.accentSoft = rgb(0x1B3A46);
    t.selection = rgb(0x1E3F4C);
    t.focusRing = rgb(0x56B4D3);
    t.good = rgb(0x5FC48B);
    t.goodSoft = rgb(0x1B3427);
    t.warning = rgb(0xE2AE4A);
    t.warningSoft = rgb(0x3A2E14);
    t.bad = rgb(0xF3857A);
    t.badSoft = rgb(0x43211D);
    t.shadow = QColor(0, 0, 0, 140); // 55 %
    t.trainedText = rgb(0xD9F0F8);
    t.trainedFill = rgb(0x1F4654);
    t.trainedLine = rgb(0x3F8AA5);
    t.contextText = rgb(0xA0A8AD);
    t.contextFill = rgb(0x262B2E);
    t.specialText = rgb(0xA0A8AD);
    t.specialFill = rgb(0x1C2022);
    t.cutText = rgb(0xF59A90);
    t.cutFill = rgb(0x43211D);
    t.lossSteps = {rgb(0x1C2022), rgb(0x33271C), rgb(0x55381E), rgb(0x7D4B1D), rgb(0x96541A)};
    t.shiftSteps = {rgb(0x7D4B1D), rgb(0x41301F), rgb(0x1C2022), rgb(0x1E3F4C), rgb(0x27617A)};
    t.series = {rgb(0x56B4D3), rgb(0xF08A3C), rgb(0x9659F5), rgb(0xA1C993), rgb(0xE5F5A6), rgb(0xF5D0D6), rgb(0x676EAE), rgb(0xA4818F)};
    t.memoryWeights = rgb(0xB4BCC0);
    t.memoryActivations = rgb(0x6C777C);
    t.memoryReserve = rgb(0x3A4145);
    return t;
}

Scheme currentScheme = Scheme::Light;
double currentTextScale = 1.0;

int pixelSize(TextSize size)
{
    const int base = size == TextSize::Small ? 11 : size == TextSize::Body ? 13 : 18;
    return qRound(base * currentTextScale);
}

QFont makeFont(const QString &family, TextSize size, Weight weight)
{
    QFont font(family);
    font.setPixelSize(pixelSize(size));
    // The semi-bold cut (600) is the bold of the bundled families.
    font.setBold(weight == Weight::SemiBold);
    font.setHintingPreference(QFont::PreferNoHinting);
    if (size == TextSize::Title)
        font.setLetterSpacing(QFont::PercentageSpacing, 99);
    return font;
}

} // namespace

QColor Tokens::ink(Ink which) const
{
    switch (which) {
    case Ink::Text: return text;
    case Ink::Muted: return muted;
    case Ink::Accent: return accent;
    case Ink::OnAccent: return onAccent;
    case Ink::Good: return good;
    case Ink::Warning: return warning;
    case Ink::Bad: return bad;
    case Ink::BorderStrong: return borderStrong;
    case Ink::Disabled: return disabled;
    }
    return text;
}

const Tokens &tokensOf(Scheme scheme)
{
    static const Tokens light = lightTokens();
    static const Tokens dark = darkTokens();
    return scheme == Scheme::Light ? light : dark;
}

const Tokens &tokens()
{
    return tokensOf(currentScheme);
}

void setCurrentScheme(Scheme scheme)
{
    currentScheme = scheme;
}

QFont textFont(TextSize size, Weight weight)
{
    QFont font = makeFont(QStringLiteral("Fettle Sans"), size, weight);
    font.setStyleHint(QFont::SansSerif);
    return font;
}

QFont monoFont(TextSize size, Weight weight)
{
    QFont font = makeFont(QStringLiteral("Fettle Mono"), size, weight);
    font.setStyleHint(QFont::Monospace);
    font.setFixedPitch(true);
    return font;
}

void setTextScale(double scale)
{
    currentTextScale = qBound(0.75, scale, 2.0);
}

double textScale()
{
    return currentTextScale;
}

} // namespace fettle::ui
