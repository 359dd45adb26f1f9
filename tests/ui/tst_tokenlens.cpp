// The token lens: tiles say what the labelled tokens say, clicks find the token, long records paint fast.
#include "ui/data/lenslegend.h"
#include "ui/data/tilepainter.h"
#include "ui/data/tokenlens.h"
#include "ui/theme/theme.h"

#include <QAccessible>
#include <QElapsedTimer>
#include <QImage>
#include <QLabel>
#include <QPainter>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

using namespace fettle;
using namespace fettle::ui;

namespace {

struct Piece { std::string text; bool isTrained, isSpecial; data::TokenSource source; TextSpan field; };

std::int64_t codePoints(const std::string &text)
{
    return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

data::LabelledTokens labelled(const std::vector<Piece> &pieces, std::int64_t maxLength = 0)
{
    data::LabelledTokens tokens;
    std::int64_t position = 0;
    for (const Piece &piece : pieces) {
        tokens.text += piece.text;
        tokens.ids.push_back(static_cast<TokenId>(tokens.ids.size()) + 100);
        tokens.trained.push_back(piece.isTrained);
        tokens.special.push_back(piece.isSpecial);
        const std::int64_t length = codePoints(piece.text);
        tokens.offsets.push_back({position, position + length});
        position += length;
        tokens.sources.push_back(piece.source);
        tokens.fieldOffsets.push_back(piece.field);
    }
    const auto count = static_cast<std::int64_t>(tokens.ids.size());
    tokens.kept = maxLength > 0 ? std::min(maxLength, count) : count;
    for (std::int64_t i = 0; i < tokens.kept; ++i)
        tokens.trainedTokens += tokens.trained[static_cast<std::size_t>(i)];
    return tokens;
}

std::vector<Piece> chat()
{
    using enum data::TokenSource;
    return {{"<|im_start|>", false, true, Template, {}}, {"user", false, false, Template, {}}, {"\n", false, false, Template, {}},
            {"Is", false, false, Instruction, {0, 2}}, {" tea", false, false, Instruction, {2, 6}}, {" 🐕?", false, false, Instruction, {6, 9}},
            {"<|im_end|>", false, true, Template, {}}, {"\n", false, false, Template, {}}, {"<|im_start|>", false, true, Template, {}},
            {"assistant", false, false, Template, {}}, {"\n", false, false, Template, {}}, {"No", true, false, Response, {0, 2}},
            {".", true, false, Response, {2, 3}}, {"<|im_end|>", true, true, Template, {}}};
}

} // namespace

class TokenLensTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_theme = std::make_unique<Theme>(*qApp, ThemeChoice::Light); }

    void countsWhatBecomesOfEachToken_data()
    {
        QTest::addColumn<int>("maxLength");
        QTest::addColumn<int>("trained");
        QTest::addColumn<int>("context");
        QTest::addColumn<int>("special");
        QTest::addColumn<int>("cut");
        QTest::addColumn<bool>("isEndMarkCut");
        QTest::newRow("all fits") << 0 << 3 << 8 << 3 << 0 << false;
        QTest::newRow("end mark cut") << 13 << 2 << 8 << 3 << 1 << true;
        QTest::newRow("whole answer cut") << 11 << 0 << 8 << 3 << 3 << true;
    }
    void countsWhatBecomesOfEachToken()
    {
        QFETCH(int, maxLength);
        const auto tiles = makeTiles(labelled(chat(), maxLength));
        QTEST(tiles->trained, "trained");
        QTEST(tiles->context, "context");
        QTEST(tiles->special, "special");
        QTEST(tiles->cut, "cut");
        QTEST(tiles->isEndMarkCut, "isEndMarkCut");
        QCOMPARE(tiles->trained + tiles->context + tiles->special + tiles->cut, tiles->count());
        QCOMPARE(tiles->answer, 2);
    }

    void showsTextAsItIs_data()
    {
        QTest::addColumn<QString>("raw");
        QTest::addColumn<QString>("shown");
        QTest::newRow("leading space stays") << " tea" << " tea";
        QTest::newRow("line break") << ".\n\n" << QStringLiteral(".↵↵");
        QTest::newRow("tab") << "\t" << QStringLiteral("→");
        QTest::newRow("beyond the basic plane") << QStringLiteral("🐕a") << QStringLiteral("🐕a");
        QTest::newRow("zero width space") << QStringLiteral("a\u200Bb") << QStringLiteral("a‹200B›b");
        QTest::newRow("escape character") << QStringLiteral("\x1b") << QStringLiteral("\u241B");
    }
    void showsTextAsItIs()
    {
        QFETCH(QString, raw);
        const auto tiles = makeTiles(labelled({{"🦉", false, false, data::TokenSource::Template, {}},
                                               {raw.toStdString(), false, false, data::TokenSource::Instruction, {}}}));
        QTEST(tiles->tiles[1].text, "shown");
    }

    void oneCharacterInSeveralTokensIsShownOnce()
    {
        data::LabelledTokens tokens = labelled({{"é", true, false, data::TokenSource::Response, {0, 1}}});
        tokens.ids.push_back(7);
        tokens.trained.push_back(1);
        tokens.special.push_back(0);
        tokens.offsets.push_back(tokens.offsets[0]);
        tokens.sources.push_back(data::TokenSource::Response);
        tokens.fieldOffsets.push_back({0, 1});
        tokens.kept = 2;
        const auto tiles = makeTiles(tokens);
        QCOMPARE(tiles->tiles[0].text, QStringLiteral("é"));
        QCOMPARE(tiles->tiles[1].text, QStringLiteral("·"));
        QCOMPARE(tiles->trained, 2);
    }

    void otherTurnsAreNumbered()
    {
        using enum data::TokenSource;
        const auto tiles = makeTiles(labelled({{"a", false, false, Instruction, {0, 1}}, {"#", false, true, Template, {}},
                                               {"b", false, false, OtherTurn, {0, 1}}, {"c", false, false, OtherTurn, {1, 2}},
                                               {"#", false, true, Template, {}}, {"d", false, false, OtherTurn, {0, 1}}}));
        QCOMPARE(tiles->tiles[2].otherTurn, 0);
        QCOMPARE(tiles->tiles[3].otherTurn, 0);
        QCOMPARE(tiles->tiles[5].otherTurn, 1);
    }

    void survivesOffsetsThatLie()
    {
        data::LabelledTokens tokens = labelled(chat());
        tokens.offsets[3] = {50, 9000};
        tokens.offsets[4] = {-4, 2};
        tokens.offsets[5] = {9, 3};
        QCOMPARE(makeTiles(tokens)->count(), 14);
    }

    void clickAndKeysFindTheToken()
    {
        TokenLens lens;
        lens.resize(500, 300);
        lens.setTiles(makeTiles(labelled(chat())), TokenLens::Scroll::ToTrained);
        lens.show();
        QVERIFY(QTest::qWaitForWindowExposed(&lens));
        QSignalSpy activated(&lens, &TokenLens::tokenActivated);
        for (int token = 0; token < 14; ++token) {
            QTest::mouseClick(lens.viewport(), Qt::LeftButton, {}, lens.tokenRect(token).center());
            QCOMPARE(activated.count(), token + 1);
            QCOMPARE(activated.last().first().toInt(), token);
        }
        lens.setFocus();
        QTest::keyClick(&lens, Qt::Key_Home);
        QTest::keyClick(&lens, Qt::Key_Right);
        QTest::keyClick(&lens, Qt::Key_Right);
        QTest::keyClick(&lens, Qt::Key_Return);
        QCOMPARE(activated.last().first().toInt(), 2);
        // Nothing there: no signal.
        const auto before = activated.count();
        QTest::mouseClick(lens.viewport(), Qt::LeftButton, {}, QPoint(490, 290));
        QCOMPARE(activated.count(), before);
    }

    void linesBreakAtLineBreaksAndEdges()
    {
        TileLayout layout;
        layout.arrange(makeTiles(labelled(chat())), 400);
        QVERIFY(layout.rectOf(3).top() > layout.rectOf(2).top());  // after the line break
        QCOMPARE(layout.rectOf(3).left(), 0);
        QCOMPARE(layout.rectOf(4).left(), layout.rectOf(3).right() + 2); // one pixel between tiles
        // A token that is wider than the line is cut into pieces, all of them the same token.
        layout.arrange(makeTiles(labelled({{std::string(500, 'x'), true, false, data::TokenSource::Response, {0, 500}}})), 200);
        QVERIFY(layout.pieces().size() > 10);
        for (const TilePiece &piece : layout.pieces()) {
            QCOMPARE(piece.tile, 0);
            QVERIFY(piece.rect.right() <= 200);
        }
    }

    void tellsScreenReaders()
    {
        TokenLens lens;
        lens.setTiles(makeTiles(labelled(chat(), 13)), TokenLens::Scroll::ToTrained);
        QAccessibleInterface *interface = QAccessible::queryAccessibleInterface(&lens);
        QVERIFY(interface);
        QCOMPARE(interface->role(), QAccessible::StaticText);
        QVERIFY(interface->text(QAccessible::Value).contains(QStringLiteral("Is tea")));
        QCOMPARE(interface->text(QAccessible::Description), QStringLiteral("2 trained, 8 context, 3 special, 1 cut off."));
        LensLegend legend;
        legend.setTiles(lens.tiles());
        QCOMPARE(legend.accessibleName(), QStringLiteral("Tokens: Trained 2, Context 8, Special 3, Cut off 1"));
    }

    void longRecordsShowTheTrainedPart()
    {
        std::vector<Piece> pieces;
        for (int i = 0; i < 1500; ++i)
            pieces.push_back({" word", i >= 1000, false, data::TokenSource::Response, {i * 5, i * 5 + 5}});
        TokenLens lens;
        lens.resize(500, 300);
        lens.show();
        QVERIFY(QTest::qWaitForWindowExposed(&lens));
        lens.setTiles(makeTiles(labelled(pieces)), TokenLens::Scroll::ToTrained);
        QVERIFY(lens.verticalScrollBar()->value() > 0);
        QVERIFY(lens.viewport()->rect().contains(lens.tokenRect(1000)));
        // Typing keeps the place.
        const int place = lens.verticalScrollBar()->value();
        lens.setTiles(makeTiles(labelled(pieces)), TokenLens::Scroll::Stay);
        QCOMPARE(lens.verticalScrollBar()->value(), place);
    }

    // What is scrolled away is told by a label on top, which ends where a line begins: no line is cut.
    void noLineIsCutByTheOneAbove()
    {
        std::vector<Piece> pieces;
        for (int i = 0; i < 30; ++i)
            pieces.push_back({"word\n", i > 25, false, data::TokenSource::Response, {i * 5, i * 5 + 5}});
        TokenLens lens;
        lens.resize(400, 130);
        lens.show();
        QVERIFY(QTest::qWaitForWindowExposed(&lens));
        lens.setTiles(makeTiles(labelled(pieces)), TokenLens::Scroll::ToTrained);
        auto *above = lens.findChild<QLabel *>();
        QVERIFY(above && above->isVisible());
        const int lineHeight = lens.tokenRect(1).top() - lens.tokenRect(0).top();
        const auto edgeOfLabel = [&] { return above->isVisible() ? above->geometry().bottom() + 1 - lens.viewport()->y() : 0; };
        for (int place = 0; place <= lens.verticalScrollBar()->maximum(); ++place) {
            lens.verticalScrollBar()->setValue(place);
            const int edge = edgeOfLabel();
            int hidden = 0;
            for (int token = 0; token < 30; ++token) {
                const QRect rect = lens.tokenRect(token);
                const QString where = QStringLiteral("place %1, token %2").arg(place).arg(token);
                QVERIFY2(rect.bottom() < edge || rect.top() >= edge, qPrintable(where));
                hidden += rect.bottom() < edge;
            }
            QVERIFY(edge < 2 * lineHeight);
            if (above->isVisible())
                QCOMPARE(above->text(), hidden == 1 ? QStringLiteral("1 token above") : QStringLiteral("%1 tokens above").arg(hidden));
        }
        QTest::keyClick(&lens, Qt::Key_End); // nor is the token that the keys go to behind the label
        for (int token = 28; token >= 0; --token) {
            QTest::keyClick(&lens, Qt::Key_Left);
            QVERIFY2(lens.tokenRect(token).top() >= edgeOfLabel(), qPrintable(QString::number(token)));
        }
    }

    void timeGrowsWithTheTokens_data()
    {
        QTest::addColumn<std::string>("word");
        QTest::addColumn<double>("ratio");
        QTest::newRow("English") << std::string(" chocolate") << 1.0;
        QTest::newRow("English, two pixels") << std::string(" chocolate") << 2.0;
        QTest::newRow("Devanagari, shaped by Qt") << std::string(" नमस्ते") << 1.0;
    }
    void timeGrowsWithTheTokens()
    {
        QFETCH(std::string, word);
        QFETCH(double, ratio);
        struct Times { double arrange = 1e9, paint = 1e9; };
        const auto timesOf = [&](int count) {
            std::vector<Piece> pieces;
            for (int i = 0; i < count; ++i)
                pieces.push_back({i % 9 == 0 ? std::string(".") : word, i > count / 3, i % 50 == 0, data::TokenSource::Response, {0, 1}});
            const auto tiles = makeTiles(labelled(pieces, count - 100));
            TileLayout layout;
            QElapsedTimer timer;
            Times best;
            for (int round = 0; round < 20; ++round) { // the first one may have to load a font
                timer.start();
                layout.arrange(tiles, 900);
                best.arrange = std::min(best.arrange, double(timer.nsecsElapsed()) / 1e6);
            }
            QImage image(QSize(900, layout.height()) * ratio, QImage::Format_ARGB32_Premultiplied);
            image.setDevicePixelRatio(ratio);
            image.fill(Qt::white);
            for (int round = 0; round < 8; ++round) {
                QPainter painter(&image);
                timer.start();
                paintTiles(painter, layout, *tiles, 0, static_cast<int>(layout.pieces().size()));
                painter.end();
                best.paint = std::min(best.paint, double(timer.nsecsElapsed()) / 1e6);
            }
            return best;
        };
        const Times few = timesOf(500), many = timesOf(2000);
        qInfo("2,000 tokens: arrange %.1f ms, paint %.1f ms", many.arrange, many.paint);
        QVERIFY2(many.paint < 10 * few.paint, qPrintable(QStringLiteral("%1 and %2 ms").arg(few.paint).arg(many.paint))); // 4 where it is linear, 16 where each looks at all
        QVERIFY2(many.arrange < 10 * few.arrange, qPrintable(QStringLiteral("%1 and %2 ms").arg(few.arrange).arg(many.arrange)));
    }

private:
    std::unique_ptr<Theme> m_theme;
};

QTEST_MAIN(TokenLensTest)
#include "tst_tokenlens.moc"
