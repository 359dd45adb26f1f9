// The table of settings, recipes and presets.
#include "core/train/commandtext.h"

#include <QTest>
#include <nlohmann/json.hpp>
#include <set>

using namespace fettle;
using namespace fettle::train;

class TestTrainSettings : public QObject {
    Q_OBJECT
private slots:
    void tableIsComplete();
    void appliesAssignments_data();
    void appliesAssignments();
    void refusesAssignments_data();
    void refusesAssignments();
    void recipeSurvivesJson();
    void commandMakesTheSameRecipe();
    void refusesRecipes_data();
    void refusesRecipes();
    void layersAndPairsAreRead();
    void presetsAreValid();
    void presetsScaleWithRows();
};

void TestTrainSettings::tableIsComplete()
{
    std::set<std::string_view> keys;
    for (const SettingField &field : settingFields()) {
        const QByteArray key(field.key.data(), static_cast<qsizetype>(field.key.size()));
        QVERIFY2(keys.insert(field.key).second, key.constData());
        QVERIFY2(!field.label.empty(), key.constData());
        QVERIFY2(field.help.ends_with('.'), key.constData());
        QVERIFY2(field.why.size() > field.help.size() / 2 && field.why.ends_with('.'), key.constData());
        QCOMPARE(field.choices.size(), field.choiceLabels.size());
        if (field.kind == SettingKind::Integer || field.kind == SettingKind::Real)
            QVERIFY2(field.minimum < field.maximum, key.constData());
        // Every default passes the field's own check.
        Recipe recipe;
        if (!field.method.empty())
            recipe.method = std::string(field.method.substr(0, field.method.find(' ')));
        QVERIFY2(findMethod(recipe.method), key.constData());
        QVERIFY2(isSettingOf(field, recipe.method), key.constData());
        recipe.values.insert_or_assign(std::string(field.key), field.standard);
        QVERIFY2(validate(recipe).has_value(), key.constData());
    }
    QVERIFY(findSetting("rank"));
    QVERIFY(!findSetting("ranks"));
}

void TestTrainSettings::appliesAssignments_data()
{
    QTest::addColumn<QString>("assignment");
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("json");
    QTest::newRow("integer") << "rank=32" << "rank" << "32";
    QTest::newRow("integer with exponent") << "maxLength=1e3" << "maxLength" << "1000";
    QTest::newRow("blanks") << " rank = 8 " << "rank" << "8";
    QTest::newRow("real") << "learningRate=5e-4" << "learningRate" << "0.0005";
    QTest::newRow("real from integer") << "epochs=2" << "epochs" << "2.0";
    QTest::newRow("boolean") << "packing=off" << "packing" << "false";
    QTest::newRow("choice") << "schedule=cosine" << "schedule" << "\"cosine\"";
    QTest::newRow("text") << "targets=q_proj,v_proj" << "targets" << "\"q_proj,v_proj\"";
    QTest::newRow("layers") << "layers=0-3,7" << "layers" << "\"0-3,7\"";
    QTest::newRow("pairs") << "rankPattern=q_proj=8,v_proj=4" << "rankPattern" << "\"q_proj=8,v_proj=4\"";
    QTest::newRow("expression") << "targetExpression=.*q_proj" << "targetExpression" << "\".*q_proj\"";
    QTest::newRow("emptied") << "targetExpression=" << "targetExpression" << "\"\"";
    QTest::newRow("storage") << "storage=nf4-double" << "storage" << "\"nf4-double\"";
    QTest::newRow("choice with a comma") << "modulesToSave=embed_tokens,lm_head" << "modulesToSave" << "\"embed_tokens,lm_head\"";
    QTest::newRow("lower end") << "dropout=0" << "dropout" << "0.0";
}

void TestTrainSettings::appliesAssignments()
{
    QFETCH(QString, assignment);
    QFETCH(QString, key);
    QFETCH(QString, json);
    Recipe recipe;
    const auto applied = applySetting(recipe, assignment.toStdString());
    QVERIFY2(applied.has_value(), applied ? "" : applied.error().message.c_str());
    QCOMPARE(QString::fromStdString(recipeToJson(recipe).at(key.toStdString()).dump()), json);
}

void TestTrainSettings::refusesAssignments_data()
{
    QTest::addColumn<QString>("assignment");
    QTest::addColumn<QString>("message"); // a part of message or hint
    QTest::newRow("no value") << "rank" << "key=value";
    QTest::newRow("misspelt") << "learning_rate=1" << "Did you mean learningRate?";
    QTest::newRow("unknown") << "zzzzzzzzz=1" << "Settings are epochs";
    QTest::newRow("below the range") << "rank=0" << "rank takes a whole number from 1 to 1024";
    QTest::newRow("above the range") << "dropout=1.5" << "dropout takes a number from 0 to 0.9";
    QTest::newRow("not a number") << "learningRate=fast" << "\"learningRate\" cannot be \"fast\"";
    QTest::newRow("not finite") << "learningRate=nan" << "learningRate takes";
    QTest::newRow("half a row") << "rowsPerStep=1.5" << "rowsPerStep takes a whole number";
    QTest::newRow("rest after the number") << "rank=16x" << "rank takes";
    QTest::newRow("huge") << "maxSteps=99999999999999999999" << "maxSteps takes";
    QTest::newRow("boolean") << "packing=maybe" << "true or false";
    QTest::newRow("choice") << "schedule=wavy" << "one of linear, cosine, constant";
    QTest::newRow("storage") << "storage=int3" << "one of fp32, bf16, q8, nf4, nf4-double, file";
    QTest::newRow("pattern as target") << "targets=.*" << "targets takes";
}

void TestTrainSettings::refusesAssignments()
{
    QFETCH(QString, assignment);
    QFETCH(QString, message);
    Recipe recipe;
    const auto applied = applySetting(recipe, assignment.toStdString());
    QVERIFY(!applied.has_value());
    QCOMPARE(applied.error().code, ErrorCode::Usage);
    const QString text = QString::fromStdString(applied.error().message + " " + applied.error().hint);
    QVERIFY2(text.contains(message), qPrintable(text));
    QVERIFY(recipe.values.empty());
}

void TestTrainSettings::recipeSurvivesJson()
{
    Recipe recipe = presetRecipe(Preset::Thorough, "lora", 321);
    QVERIFY(applySetting(recipe, "learningRate=0.000123456789012345").has_value());
    const nlohmann::json json = recipeToJson(recipe);
    const auto own = std::count_if(settingFields().begin(), settingFields().end(), [](const SettingField &field) { return isSettingOf(field, "lora"); });
    QCOMPARE(json.size(), static_cast<std::size_t>(own) + 1);
    const auto back = recipeFromJson(nlohmann::json::parse(json.dump()));
    QVERIFY2(back.has_value(), back ? "" : back.error().message.c_str());
    QVERIFY(recipeToJson(*back) == json);
    QCOMPARE(back->real("learningRate"), 0.000123456789012345);
}

// Whatever preset the settings of the command are put on.
void TestTrainSettings::commandMakesTheSameRecipe()
{
    for (const MethodInfo &method : methods()) {
        Recipe recipe = presetRecipe(Preset::Thorough, method.key, 777);
        for (const char *assignment : {"learningRate=0.000123456789012345", "maxSteps=3", "packing=false", "storage=nf4", "weightDecay=1e-7", "rankPattern=q_proj=8,v_proj=4",
                                       "modulesToSave=embed_tokens,lm_head", "promptText=Say it's \"fine\" $HOME", "targetExpression=.*layers\\.[0-3]\\..*(q|v)_proj"})
            (void)applySetting(recipe, assignment); // those that the method has
        for (const auto &[preset, rows] : {std::pair{Preset::Quick, 10}, std::pair{Preset::Balanced, 5000}}) {
            Recipe made = presetRecipe(preset, method.key, rows);
            for (const std::string &assignment : assignmentsOf(recipe))
                QVERIFY2(applySetting(made, assignment).has_value(), assignment.c_str());
            QCOMPARE(recipeToJson(made).dump(), recipeToJson(recipe).dump());
        }
    }
    const std::string text = textOf({"a model", "it's", "3@40", 2, presetRecipe(Preset::Quick, "prompt", 100)});
    QVERIFY2(text.starts_with("fettle train --model 'a model' --project 'it'\\''s' --method prompt --adapter 3@40 --snapshot 2 --set epochs="), text.c_str());
}

void TestTrainSettings::refusesRecipes_data()
{
    QTest::addColumn<QString>("json");
    QTest::addColumn<QString>("message");
    QTest::newRow("list") << "[]" << "not a JSON object";
    QTest::newRow("unknown key") << R"({"rnak": 3})" << "Did you mean rank?";
    QTest::newRow("unknown method") << R"({"method": "magic"})" << "magic";
    QTest::newRow("text for a number") << R"({"rank": "16"})" << "rank takes";
    QTest::newRow("null") << R"({"rank": null})" << "rank takes";
    QTest::newRow("list as value") << R"({"rank": [1]})" << "rank takes";
    QTest::newRow("out of range") << R"({"epochs": -1})" << "epochs takes";
    QTest::newRow("beyond 64 bits") << R"({"seed": 18446744073709551615})" << "seed takes";
    QTest::newRow("fraction") << R"({"rank": 1.5})" << "rank takes";
}

void TestTrainSettings::refusesRecipes()
{
    QFETCH(QString, json);
    QFETCH(QString, message);
    const auto recipe = recipeFromJson(nlohmann::json::parse(json.toStdString()));
    QVERIFY(!recipe.has_value());
    const QString text = QString::fromStdString(recipe.error().message + " " + recipe.error().hint);
    QVERIFY2(text.contains(message), qPrintable(text));
}

void TestTrainSettings::layersAndPairsAreRead()
{
    QCOMPARE(*parseLayers("all"), std::vector<std::int64_t>{});
    QCOMPARE(*parseLayers("7, 0-2,1"), (std::vector<std::int64_t>{0, 1, 2, 7}));
    for (const char *bad : {"", "x", "3-1", "-1", "0-", "1,,2", "0-99999999999999999999", "1.5"})
        QVERIFY2(!parseLayers(bad), bad);
    QVERIFY(parsePairs("")->empty());
    QCOMPARE(*parsePairs(" q_proj = 8, layers\\.[01]\\..*=2.5"), (std::map<std::string, double>{{"q_proj", 8.0}, {"layers\\.[01]\\..*", 2.5}}));
    for (const char *bad : {"q_proj", "q_proj=", "=4", "q_proj=-1", "q_proj=0", "q_proj=four", "q_proj=nan"})
        QVERIFY2(!parsePairs(bad), bad);
}

void TestTrainSettings::presetsAreValid()
{
    for (const char *name : {"quick", "balanced", "thorough"}) {
        const auto preset = presetFromName(name);
        QVERIFY(preset.has_value());
        for (const MethodInfo &method : methods()) {
            for (const std::int64_t rows : {0, 1, 60, 250, 5000, 1000000})
                QVERIFY(validate(presetRecipe(*preset, method.key, rows)).has_value());
            // No preset brings up the warning about its own learning rate.
            const double rate = presetRecipe(*preset, method.key, 250).real("learningRate");
            QVERIFY2(rate >= method.lowestRate && rate <= method.highestRate, std::string(method.key).c_str());
        }
    }
    QVERIFY(!presetFromName("instant").has_value());
}

void TestTrainSettings::presetsScaleWithRows()
{
    const Recipe sample = presetRecipe(Preset::Quick, "lora", 250);
    QCOMPARE(sample.real("epochs"), 5.0);
    QCOMPARE(sample.real("learningRate"), 1e-3);
    QCOMPARE(sample.integer("rank"), 16);
    QCOMPARE(presetRecipe(Preset::Quick, "lora", 100000).real("epochs"), 1.0);
    QVERIFY(presetRecipe(Preset::Thorough, "lora", 250).real("epochs") > presetRecipe(Preset::Balanced, "lora", 250).real("epochs"));
}

QTEST_APPLESS_MAIN(TestTrainSettings)
#include "tst_trainsettings.moc"
