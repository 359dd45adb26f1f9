// The playground on the tiny chat model: columns, badges that cannot lie, adapters of folders and runs, limits, and what is refused.
#include "core/torch.h"

#include "core/engine/playgroundstate.h"
#include "core/engine/project.h"
#include "core/generate/decodeadapter.h"
#include "core/generate/decodeweights.h"
#include "core/tune/peftfolder.h"
#include "tests/core/verifyok.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fstream>

using namespace fettle;
using namespace fettle::engine;
namespace fs = std::filesystem;

namespace {

const std::string kModel = FETTLE_FIXTURES "/tinychat";

GenerateRequest question(std::vector<ColumnChoice> columns)
{
    GenerateRequest request;
    request.columns = std::move(columns);
    request.conversation = {{data::Role::User, "When is the clinic open?", {}}};
    request.sampling.maxTokens = 20;
    return request;
}

} // namespace

class TestPlayground : public QObject {
    Q_OBJECT
private slots:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        auto config = model::readConfig(kModel);
        VERIFY_OK(config);
        // Two adapters that change what the model says.
        for (const std::uint64_t seed : {1u, 2u}) {
            tune::LoraConfig lora;
            lora.rank = 4;
            auto adapter = tune::LoraAdapter::create(*config, lora, seed);
            VERIFY_OK(adapter);
            RandomStream random(seed);
            for (const auto &parameter : (*adapter)->parameters()) {
                at::Tensor tensor = parameter.tensor.detach(); // shares the memory
                if (parameter.name.find("lora_B") != std::string::npos)
                    random.fillNormal({tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}, 0.0f, 0.3f);
            }
            VERIFY_OK(tune::savePeftFolder(**adapter, adapterFolder(seed)));
            m_hashes.push_back((*adapter)->hash());
        }
    }

    void columnsStreamSideBySide()
    {
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        const GenerateRequest request = question({{"base", 1.0}, {adapterFolder(1).string(), 1.0}, {adapterFolder(2).string(), 0.5}, {"base", 1.0}});
        std::vector<ColumnBadge> badges;
        std::int64_t promptTokens = 0;
        std::vector<std::string> streamed(4);
        std::vector<std::vector<TokenId>> ids(4);
        std::vector<int> finished;
        GenerateEvents events;
        events.started = [&](const std::vector<ColumnBadge> &shown, std::int64_t tokens) {
            badges = shown;
            promptTokens = tokens;
        };
        events.token = [&](const GeneratedToken &token) {
            QVERIFY(!badges.empty());
            streamed[static_cast<std::size_t>(token.column)] += token.text;
            ids[static_cast<std::size_t>(token.column)].push_back(token.id);
            QCOMPARE(token.alternatives.size(), std::size_t{5});
            QVERIFY(token.alternatives[0].probability >= token.alternatives[4].probability && token.probability <= token.alternatives[0].probability);
            QVERIFY(!token.alternatives[0].text.empty());
        };
        events.columnFinished = [&](int column, const ColumnResult &) { finished.push_back(column); };
        auto results = (*opened)->generate(request, nullptr, events);
        VERIFY_OK(results);
        QCOMPARE(results->size(), std::size_t{4});
        QCOMPARE(finished.size(), std::size_t{4});
        for (std::size_t i = 0; i < 4; ++i) {
            QCOMPARE((*results)[i].text, streamed[i]);
            QCOMPARE((*results)[i].ids, ids[i]);
            QCOMPARE((*results)[i].adapter, request.columns[i].adapter);
            QCOMPARE((*results)[i].badge.weightHash, badges[0].weightHash);
        }
        QVERIFY((*results)[0].ids != (*results)[1].ids);
        QCOMPARE((*results)[0].ids, (*results)[3].ids); // the same column twice draws alike
        QVERIFY(!badges[0].isAdapterOn && badges[0].adapterHash.empty());
        QVERIFY(badges[1].isAdapterOn);
        QCOMPARE(badges[1].adapterHash, m_hashes[0]);
        QCOMPARE(badges[2].adapterHash, m_hashes[1]);
        QCOMPARE(badges[2].strength, 0.5);
        // The prompt is what the lens shows.
        auto lens = Lens::open(kModel);
        VERIFY_OK(lens);
        data::Record record;
        record.turns = request.conversation;
        data::RenderOptions options;
        options.addGenerationPrompt = true;
        auto tokens = (*lens)->label(record, options);
        VERIFY_OK(tokens);
        QCOMPARE(promptTokens, static_cast<std::int64_t>(tokens->ids.size()));
        // Alone, each column answers the same.
        auto alone = (*opened)->generate(question({request.columns[1]}), nullptr);
        VERIFY_OK(alone);
        QCOMPARE(alone->front().ids, ids[1]);
    }

    void strengthZeroIsTheBase()
    {
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        auto results = (*opened)->generate(question({{"base", 1.0}, {adapterFolder(1).string(), 0.0}}), nullptr);
        VERIFY_OK(results);
        QCOMPARE((*results)[0].ids, (*results)[1].ids);
        QVERIFY(!(*results)[1].badge.isAdapterOn);
        QVERIFY((*results)[1].badge.adapterHash.empty());
    }

    void badgesFollowTheMemory()
    {
        auto lens = Lens::open(kModel);
        auto generator = generate::Generator::load(kModel, 1);
        VERIFY_OK(lens);
        VERIFY_OK(generator);
        auto owned = std::make_unique<Playground::State>();
        owned->lens = *lens;
        owned->generator = std::move(*generator);
        Playground::State *state = owned.get();
        Playground playground(std::move(owned));
        const auto badge = [&](const std::string &adapter) {
            auto results = playground.generate(question({{adapter, 1.0}}), nullptr);
            return results ? results->front().badge : ColumnBadge{};
        };
        const ColumnBadge base = badge("base");
        QCOMPARE(base.weightHash.size(), std::size_t{64});
        QCOMPARE(badge("base").weightHash, base.weightHash);
        state->generator->weights().layers[1].maps[3].matrix.bytes()[5] ^= std::byte{2};
        QVERIFY(badge("base").weightHash != base.weightHash);
        // An adapter that is written anew under the same name.
        QCOMPARE(badge(adapterFolder(1).string()).adapterHash, m_hashes[0]);
        const fs::path changing = fs::path(m_folder.path().toStdString()) / "changing";
        fs::copy(adapterFolder(1), changing);
        QCOMPARE(badge(changing.string()).adapterHash, m_hashes[0]);
        fs::remove_all(changing);
        fs::copy(adapterFolder(2), changing);
        fs::last_write_time(changing / "adapter_model.safetensors", fs::file_time_type::clock::now() + std::chrono::seconds(5));
        QCOMPARE(badge(changing.string()).adapterHash, m_hashes[1]);
        // A column on another base.
        const fs::path other = fs::path(m_folder.path().toStdString()) / "swapped";
        fs::copy(kModel, other, fs::copy_options::recursive);
        ColumnChoice there;
        there.model = other.string();
        const auto badgeThere = [&] {
            auto results = playground.generate(question({{"base", 1.0}, there}), nullptr);
            return results ? (*results)[1].badge : ColumnBadge{};
        };
        const std::string before = badgeThere().weightHash;
        QCOMPARE(before, base.weightHash); // the same files
        QCOMPARE(state->otherModels.size(), std::size_t{1});
        state->otherModels.front()->generator->weights().layers[0].maps[2].matrix.bytes()[9] ^= std::byte{4};
        QVERIFY(badgeThere().weightHash != before);
    }

    void runsOfAProjectAreAdapters()
    {
        const fs::path folder = fs::path(m_folder.path().toStdString()) / "p.fettle";
        auto project = Project::create(folder);
        VERIFY_OK(project);
        VERIFY_OK(project->setSetting("defaultSystem", "\"You know the archive.\""));
        RunInfo run;
        run.state = RunState::Finished;
        run.adapter = adapterFolder(1).string();
        run.step = 12;
        auto added = project->addRun(run);
        VERIFY_OK(added);
        VERIFY_OK(project->putCheckpoint(added->id, {6, adapterFolder(2).string(), {}}));
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        const std::string number = std::to_string(added->id.value);
        std::int64_t promptTokens = 0;
        GenerateEvents events;
        events.started = [&](const std::vector<ColumnBadge> &, std::int64_t tokens) { promptTokens = tokens; };
        auto results = (*opened)->generate(question({{number, 1.0}, {number + "@6", 1.0}}), &*project, events);
        VERIFY_OK(results);
        QCOMPARE((*results)[0].badge.adapterHash, m_hashes[0]);
        QCOMPARE((*results)[1].badge.adapterHash, m_hashes[1]);
        QCOMPARE((*results)[1].badge.step, std::int64_t{6});
        // The project's system prompt is part of the conversation, as it is in training.
        std::int64_t without = 0;
        events.started = [&](const std::vector<ColumnBadge> &, std::int64_t tokens) { without = tokens; };
        VERIFY_OK((*opened)->generate(question({{"base", 1.0}}), nullptr, events));
        QVERIFY(promptTokens > without);
    }

    void wrongWishesAreRefused_data()
    {
        QTest::addColumn<int>("what");
        QTest::addColumn<QString>("word");
        const char *rows[][2] = {{"no column", "column"}, {"no such adapter", "nowhere"}, {"strength", "1.6"}, {"temperature", "-1"},
                                 {"not a number", "nan"}, {"top-p", "1.5"}, {"no tokens", "0"}, {"empty conversation", "answer"}};
        for (int i = 0; i < 8; ++i)
            QTest::newRow(rows[i][0]) << i << rows[i][1];
    }
    void wrongWishesAreRefused()
    {
        QFETCH(int, what);
        QFETCH(QString, word);
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        GenerateRequest request = question({{"base", 1.0}});
        switch (what) {
        case 0: request.columns.clear(); break;
        case 1: request.columns[0].adapter = "nowhere"; break;
        case 2: request.columns = {{adapterFolder(1).string(), 1.6}}; break;
        case 3: request.sampling.temperature = -1; break;
        case 4: request.sampling.minP = std::nan(""); break;
        case 5: request.sampling.topP = 1.5; break;
        case 6: request.sampling.maxTokens = 0; break;
        default: request.conversation.clear(); break;
        }
        auto results = (*opened)->generate(request, nullptr);
        QVERIFY(!results);
        QVERIFY2(results.error().message.find(word.toStdString()) != std::string::npos, results.error().message.c_str());
        QVERIFY(!results.error().hint.empty());
    }

    // Another base answers the same conversation in its own words, at the same time; what shares the base is decoded as before.
    void anotherBaseHasItsOwnTemplate()
    {
        const fs::path other = fs::path(m_folder.path().toStdString()) / "other";
        fs::copy(kModel, other, fs::copy_options::recursive);
        std::ifstream in(kModel + "/chat_template.jinja");
        const std::string written(std::istreambuf_iterator<char>(in), {});
        std::ofstream(other / "chat_template.jinja") << "Note. " << written;
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        ColumnChoice there;
        there.model = other.string();
        ColumnChoice thereTuned = there;
        thereTuned.adapter = adapterFolder(1).string();
        auto request = question({{"base", 1.0}, there, {adapterFolder(1).string(), 1.0}, thereTuned});
        std::vector<ColumnBadge> badges;
        std::vector<int> order;
        GenerateEvents events;
        events.started = [&](const std::vector<ColumnBadge> &shown, std::int64_t) { badges = shown; };
        events.token = [&](const GeneratedToken &token) { order.push_back(token.column); };
        auto results = (*opened)->generate(request, nullptr, events);
        VERIFY_OK(results);
        QVERIFY(badges[0].otherModel.empty() && badges[2].otherModel.empty());
        QVERIFY(!badges[1].otherModel.empty() && !badges[3].otherModel.empty());
        QVERIFY(badges[1].promptTokens > badges[0].promptTokens); // the note of its template
        QCOMPARE(badges[2].promptTokens, badges[0].promptTokens);
        QVERIFY(!badges[1].isAdapterOn && badges[3].isAdapterOn);
        QCOMPARE(badges[3].adapterHash, m_hashes[0]);
        QCOMPARE(badges[1].weightHash, badges[3].weightHash);
        // Together: the other base has written its second token before the first has written its third.
        const auto third = [&](int column) { int seen = 0; for (std::size_t i = 0; i < order.size(); ++i) if (order[i] == column && ++seen == 3) return i; return order.size(); };
        QVERIFY(std::count(order.begin(), order.begin() + std::ptrdiff_t(third(0)), 1) >= 2);
        // Each answers what it answers alone.
        auto alone = (*opened)->generate(question({request.columns[2]}), nullptr);
        VERIFY_OK(alone);
        QCOMPARE(alone->front().ids, (*results)[2].ids);
        auto elsewhere = Playground::open(other.string());
        VERIFY_OK(elsewhere);
        auto same = (*elsewhere)->generate(question({{"base", 1.0}}), nullptr);
        VERIFY_OK(same);
        QCOMPARE(same->front().ids, (*results)[1].ids);
        // A model that is not there ends the question, and says which.
        there.model = "nowhere-at-all";
        auto missing = (*opened)->generate(question({{"base", 1.0}, there}), nullptr);
        QVERIFY(!missing && missing.error().message.find("nowhere-at-all") != std::string::npos);
    }

    // Two adapters in one column: the sum of both, each as strong as it is told.
    void twoAdaptersAreMixed()
    {
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        const std::string one = adapterFolder(1).string(), two = adapterFolder(2).string();
        const auto mixed = [&](double first, double second) {
            ColumnChoice choice{one, first};
            choice.second = two;
            choice.secondStrength = second;
            return choice;
        };
        auto results = (*opened)->generate(question({{"base", 1.0}, {one, 1.0}, {two, 0.5}, mixed(1, 0), mixed(0, 0.5), mixed(1, 0.5), mixed(0, 0)}), nullptr);
        VERIFY_OK(results);
        QCOMPARE((*results)[3].ids, (*results)[1].ids);
        QCOMPARE((*results)[4].ids, (*results)[2].ids);
        QCOMPARE((*results)[6].ids, (*results)[0].ids);
        QVERIFY((*results)[5].ids != (*results)[1].ids && (*results)[5].ids != (*results)[2].ids && (*results)[5].ids != (*results)[0].ids);
        const ColumnBadge &badge = (*results)[5].badge;
        QVERIFY(badge.isAdapterOn);
        QCOMPARE(badge.adapterHash, m_hashes[0]);
        QCOMPARE(badge.secondHash, m_hashes[1]);
        QCOMPARE(badge.secondStrength, 0.5);
        QVERIFY((*results)[3].badge.secondHash.empty()); // at 0 % it is not in use
        // The same adapter twice, half each, is the adapter once.
        ColumnChoice twice{one, 0.5};
        twice.second = one;
        twice.secondStrength = 0.5;
        auto halves = (*opened)->generate(question({{one, 1.0}, twice}), nullptr);
        VERIFY_OK(halves);
        QCOMPARE((*halves)[0].ids, (*halves)[1].ids);
        // What cannot be.
        ColumnChoice wrong = mixed(1, 1.6);
        QVERIFY(!(*opened)->generate(question({wrong}), nullptr));
        wrong = mixed(1, 1);
        wrong.adapter = "base";
        auto refused = (*opened)->generate(question({wrong}), nullptr);
        QVERIFY(!refused && !refused.error().hint.empty());
    }

    // Logits of the mixture against two adapters that were added by hand.
    void mixtureIsTheSum()
    {
        auto generator = generate::Generator::load(kModel, 1);
        VERIFY_OK(generator);
        const std::vector<TokenId> ids = {3, 17, 40, 5, 9};
        std::vector<std::shared_ptr<const generate::DecodeAdapter>> adapters;
        for (const std::uint64_t seed : {1u, 2u}) {
            auto tuned = tune::loadAdapter(adapterFolder(seed), (*generator)->config());
            VERIFY_OK(tuned);
            auto packed = (*generator)->addAdapter(**tuned);
            VERIFY_OK(packed);
            adapters.push_back(*packed);
        }
        auto mixed = generate::DecodeAdapter::mix(*adapters[0], 0.75, *adapters[1], 1.25);
        VERIFY_OK(mixed);
        auto logits = (*generator)->logits(ids, mixed->get());
        VERIFY_OK(logits);
        // The same update built into the weights of the plain decoder.
        auto weights = model::loadWeights(kModel);
        VERIFY_OK(weights);
        auto first = tune::loadAdapter(adapterFolder(1), (*generator)->config()), second = tune::loadAdapter(adapterFolder(2), (*generator)->config());
        VERIFY_OK(first);
        VERIFY_OK(second);
        auto *a = dynamic_cast<tune::LoraAdapter *>(first->get()), *b = dynamic_cast<tune::LoraAdapter *>(second->get());
        QVERIFY(a && b && a->modules().size() == b->modules().size());
        std::vector<tune::LoraAdapter::Module> sum;
        for (std::size_t i = 0; i < a->modules().size(); ++i) {
            auto module = a->modules()[i];
            const auto &other = b->modules()[i];
            const at::Tensor up = at::cat({module.b * (module.scaling * 0.75), other.b * (other.scaling * 1.25)}, 1).detach();
            module.a = at::cat({module.a, other.a}, 0).detach();
            module.b = up;
            module.scaling = 1.0;
            sum.push_back(module);
        }
        auto config = a->config();
        config.rank *= 2;
        auto packed = (*generator)->addAdapter(tune::LoraAdapter(config, std::move(sum), (*generator)->config().layers));
        VERIFY_OK(packed);
        auto expected = (*generator)->logits(ids, packed->get());
        VERIFY_OK(expected);
        float largest = 0, apart = 0;
        for (std::size_t i = 0; i < logits->size(); ++i) {
            largest = std::max(largest, std::abs((*expected)[i]));
            apart = std::max(apart, std::abs((*expected)[i] - (*logits)[i]));
        }
        QVERIFY2(apart <= 1e-4f * largest, QByteArray::number(double(apart)).constData());
        QVERIFY(!generate::DecodeAdapter::mix(*adapters[0], 1.0, *adapters[1], 1.0)->get()->hash().empty());
    }

    // Earlier answers are those of the column.
    void conversationIsTheColumnsOwn()
    {
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        ColumnChoice own;
        own.conversation = {{data::Role::User, "When is the clinic open?", {}}, {data::Role::Assistant, "At nine.", {}}, {data::Role::User, "And on Sundays?", {}}};
        auto request = question({{"base", 1.0}, own});
        auto results = (*opened)->generate(request, nullptr);
        VERIFY_OK(results);
        QVERIFY((*results)[1].badge.promptTokens > (*results)[0].badge.promptTokens);
        request = question({{"base", 1.0}});
        request.conversation = own.conversation;
        auto same = (*opened)->generate(request, nullptr);
        VERIFY_OK(same);
        QCOMPARE(same->front().ids, (*results)[1].ids);
    }

    // What a column makes of another one's answer: its own answer is as likely as it was when it was written; the other's prompt is read, not its own.
    void answersAreReadByOthers()
    {
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        GenerateRequest request = question({{"base", 1.0}, {adapterFolder(1).string(), 0.8}});
        request.context = "It is Sunday.";
        std::vector<std::vector<GeneratedToken>> written(2);
        GenerateEvents events;
        events.token = [&](const GeneratedToken &token) { written[std::size_t(token.column)].push_back(token); };
        auto results = (*opened)->generate(request, nullptr, events);
        VERIFY_OK(results);
        for (const std::size_t reader : {0U, 1U}) {
            GenerateRequest asked = request;
            asked.columns = {request.columns[reader]};
            auto own = (*opened)->readAnswer(asked, (*results)[reader].ids, nullptr);
            VERIFY_OK(own);
            QCOMPARE(own->size(), written[reader].size());
            for (std::size_t i = 0; i < own->size(); ++i) {
                QCOMPARE((*own)[i].id, written[reader][i].id);
                QVERIFY(std::abs((*own)[i].probability - written[reader][i].probability) < 1e-5F);
                QCOMPARE((*own)[i].alternatives.size(), std::size_t(5));
            }
            auto other = (*opened)->readAnswer(asked, (*results)[1 - reader].ids, nullptr);
            VERIFY_OK(other);
            // At the first place both stand behind the same words: the reader's own likeliest is there.
            QCOMPARE((*other)[0].alternatives[0].id, written[reader][0].alternatives[0].id);
            QVERIFY((*other)[0].probability != written[1 - reader][0].probability);
        }
        request.context.clear();
        request.columns = {{"base", 1.0}};
        auto without = (*opened)->readAnswer(request, (*results)[0].ids, nullptr);
        VERIFY_OK(without);
        QVERIFY((*without)[0].probability != written[0][0].probability); // the context was read
        QVERIFY(!(*opened)->readAnswer(question({{"base", 1.0}, {"base", 1.0}}), {1}, nullptr));
    }

    // A stop is heard within a pass over the prompt: long before all of it is read.
    void stoppingDoesNotWaitForThePrompt()
    {
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        GenerateRequest request = question({{"base", 1.0}});
        for (int i = 0; i < 200; ++i)
            request.conversation[0].text += " 7";
        std::stop_source stop;
        GenerateEvents events;
        events.started = [&](const std::vector<ColumnBadge> &, std::int64_t) { stop.request_stop(); };
        const auto stopped = (*opened)->generate(request, nullptr, events, stop.get_token());
        VERIFY_OK(stopped);
        QVERIFY(stopped->front().ids.empty() && stopped->front().finish == FinishReason::Stopped);
    }

    void stoppingAndFullContextAreSaid()
    {
        auto opened = Playground::open(kModel);
        VERIFY_OK(opened);
        std::stop_source stop;
        int seen = 0;
        GenerateEvents events;
        events.token = [&](const GeneratedToken &) {
            if (++seen == 3)
                stop.request_stop();
        };
        GenerateRequest request = question({{"base", 1.0}, {adapterFolder(1).string(), 1.0}});
        request.sampling.maxTokens = 200;
        auto results = (*opened)->generate(request, nullptr, events, stop.get_token());
        VERIFY_OK(results);
        QVERIFY(seen <= 4);
        for (const ColumnResult &result : *results)
            QVERIFY(result.finish == FinishReason::Stopped || result.finish == FinishReason::EndOfTurn);
        QCOMPARE(nameOf(FinishReason::ContextFull), std::string_view("contextFull"));
        request = question({{"base", 1.0}});
        for (int i = 0; i < 700; ++i)
            request.conversation[0].text += " 7";
        auto tooLong = (*opened)->generate(request, nullptr);
        QVERIFY(!tooLong);
        QVERIFY(tooLong.error().message.find("512") != std::string::npos);
    }

private:
    fs::path adapterFolder(std::uint64_t seed) const { return fs::path(m_folder.path().toStdString()) / ("adapter" + std::to_string(seed)); }
    QTemporaryDir m_folder;
    std::vector<std::string> m_hashes;
};

QTEST_APPLESS_MAIN(TestPlayground)
#include "tst_playground.moc"
