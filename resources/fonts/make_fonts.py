#!/usr/bin/env python3
"""Makes the bundled fonts from Inter and JetBrains Mono (both SIL OFL 1.1).

Qt 6.4 cannot switch font features, so what Fettle needs is frozen in: tabular digits (tnum) in the text face, no ligatures in the mono
face. The line height is part of the design (13 px on 20, 11 px on 16), so it is written into the vertical metrics; capitals stand in the
middle of the line. The families get names of their own: a system copy of Inter never takes the place of the frozen one.

Needs fontTools, and the Debian packages fonts-inter and fonts-jetbrains-mono. Usage: make_fonts.py [folder for the result]
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

INTER = Path("/usr/share/fonts/opentype/inter")
MONO = Path("/usr/share/fonts/truetype/jetbrains-mono")
# Latin with supplements and extended A and B, Greek, Cyrillic, general punctuation, currency, letter-like signs, number forms, arrows,
# mathematical operators, technical, box drawing, blocks, geometric shapes, Latin extended additional.
RANGES = [(0x20, 0x24F), (0x2B0, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x2070, 0x209F),
          (0x20A0, 0x20BF), (0x2100, 0x218F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2300, 0x23FF), (0x2500, 0x25FF), (0xFB00, 0xFB06)]
ASCENT, DESCENT = 1.125, 0.380  # em, rounded to 15 + 5 px at 13 px and 12 + 4 px at 11 px


def freeze(font: TTFont, feature: str) -> None:
    """Maps code points to what a single-substitution feature would put in their place."""
    table = font["GSUB"].table
    lookups = {i for record in table.FeatureList.FeatureRecord if record.FeatureTag == feature for i in record.Feature.LookupListIndex}
    swaps = {}
    for index in lookups:
        for sub in table.LookupList.Lookup[index].SubTable:
            sub = getattr(sub, "ExtSubTable", sub)
            if hasattr(sub, "mapping"):
                swaps.update(sub.mapping)
    for cmap in font["cmap"].tables:
        cmap.cmap.update({code: swaps[name] for code, name in cmap.cmap.items() if name in swaps})


def set_line(font: TTFont) -> None:
    em = font["head"].unitsPerEm
    ascent, descent = round(ASCENT * em), round(DESCENT * em)
    font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = ascent, -descent, 0
    os2 = font["OS/2"]
    os2.sTypoAscender, os2.sTypoDescender, os2.sTypoLineGap = ascent, -descent, 0
    os2.usWinAscent, os2.usWinDescent = ascent, descent
    os2.fsSelection |= 1 << 7  # USE_TYPO_METRICS


def rename(font: TTFont, family: str, style: str) -> None:
    names = font["name"]
    for record in list(names.names):
        if record.nameID in (16, 17, 21, 22, 25):
            names.removeNames(nameID=record.nameID)
    for name_id, value in {1: family, 2: style, 4: f"{family} {style}", 6: f"{family.replace(' ', '')}-{style}"}.items():
        names.setName(value, name_id, 3, 1, 0x409)
        names.setName(value, name_id, 1, 0, 0)
    font["OS/2"].usWeightClass = 700 if style == "Bold" else 400
    bold = style == "Bold"
    font["OS/2"].fsSelection = (font["OS/2"].fsSelection & ~0x61) | (0x20 if bold else 0x40)
    font["head"].macStyle = 1 if bold else 0


def make(source: Path, target: Path, family: str, style: str, tabular: bool) -> None:
    font = TTFont(source)
    if tabular:
        freeze(font, "tnum")
    options = subset.Options()
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.hinting = True
    options.drop_tables += ["MVAR", "STAT", "DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    set_line(font)
    rename(font, family, style)
    font["head"].modified = font["head"].created  # the same input gives the same bytes
    font.recalcTimestamp = False
    font.save(target)
    print(target.name, target.stat().st_size)


def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    # The semi-bold cut is the bold of the family: the design knows two weights, 400 and 600.
    make(INTER / "Inter-Regular.otf", out / "FettleSans-Regular.otf", "Fettle Sans", "Regular", True)
    make(INTER / "Inter-SemiBold.otf", out / "FettleSans-Bold.otf", "Fettle Sans", "Bold", True)
    make(MONO / "JetBrainsMono-Regular.ttf", out / "FettleMono-Regular.ttf", "Fettle Mono", "Regular", False)
    make(MONO / "JetBrainsMono-SemiBold.ttf", out / "FettleMono-Bold.ttf", "Fettle Mono", "Bold", False)


if __name__ == "__main__":
    main()
