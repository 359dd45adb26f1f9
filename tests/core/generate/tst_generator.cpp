// The generator against transformers and PEFT on tiny models, against the plain path on the real one, and its own promises: a sequence does not
// depend on its neighbours, on threads, or on how its prompt was read.
#include "tests/core/model/fixture.h"

#include "core/generate/decodeadapter.h"
#include "core/generate/decodeweights.h"
#include "core/generate/endtokens.h"
#include "core/generate/generator.h"
#include "core/io/jsonfile.h"
#include "core/text/chattemplate.h"
#include "core/tune/peftfolder.h"

#include <QTest>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>

using namespace fettle;
using namespace fettle::generate;

namespace {

constexpr double kTolerance = 1e-4; // of logits, as the issue demands

std::unique_ptr<Generator> loaded(const std::string &model, int threads = 2)
{
    auto generator = Generator::load(fixture::folder() / "models" / model, threads);
    if (!generator)
        qWarning("%s", generator.error().message.c_str());
    return generator ? std::move(*generator) : nullptr;
}

std::shared_ptr<const DecodeAdapter> adapterFrom(const Generator &generator, const std::string &name)
{
    auto adapter = tune::loadPeftFolder(fixture::folder() / "peft" / name, generator.config());
    if (!adapter)
        return nullptr;
    auto packed = generator.addAdapter(**adapter);
    return packed ? *packed : nullptr;
}

std::vector<TokenId> tokens(std::size_t count, std::uint64_t seed, TokenId vocabulary = 61)
{
    RandomStream random(seed);
    std::vector<TokenId> ids(count);
    for (TokenId &id : ids)
        id = 3 + static_cast<TokenId>(random.below(static_cast<std::uint64_t>(vocabulary - 3)));
    return ids;
}

// Largest difference to the logits of the documents packed in `expected`, each read alone.
double differenceFrom(Generator &generator, std::map<std::string, at::Tensor> &expected, const DecodeAdapter *adapter = nullptr, double strength = 1.0)
{
    double largest = 0;
    std::int64_t begin = 0;
    for (const std::int64_t length : {13, 1, 19}) {
        std::vector<TokenId> ids;
        for (std::int64_t i = begin; i < begin + length; ++i)
            ids.push_back(static_cast<TokenId>(expected["ids"][i].item<std::int64_t>()));
        auto logits = generator.logits(ids, adapter, strength);
        if (!logits)
            return INFINITY;
        const at::Tensor own = at::from_blob(logits->data(), {length, generator.config().vocabulary}, at::kFloat);
        largest = std::max(largest, fixture::largestDifference(own, expected["logits"].slice(0, begin, begin + length)));
        begin += length;
    }
    return largest;
}

SequenceRequest request(std::vector<TokenId> prompt, int maxTokens, std::uint64_t seed, bool isGreedy = false)
{
    SequenceRequest wish;
    wish.prompt = std::move(prompt);
    wish.maxTokens = maxTokens;
    wish.sampling.seed = seed;
    wish.sampling.isGreedy = isGreedy;
    wish.sampling.temperature = 1.3;
    wish.sampling.topK = 30;
    return wish;
}

} // namespace

class TestGenerator : public QObject {
    Q_OBJECT
private slots:
    void logitsEqualTransformers_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("expected");
        for (const char *name : {"llama-gqa", "llama-tied-headsize", "llama-llama3", "llama-llama3-old", "llama-linear", "llama-bias", "llama-mha-sharded",
                                 "mistral-window", "mistral-full"})
            QTest::newRow(name) << name << name;
        for (const char *name : {"llama-gqa", "llama-bias", "llama-llama3"})
            QTest::newRow((std::string(name) + ".gguf").c_str()) << QString(name) + ".gguf" << name;
    }
    void logitsEqualTransformers()
    {
        QFETCH(QString, model);
        QFETCH(QString, expected);
        auto generator = loaded(model.toStdString());
        QVERIFY(generator);
        auto tensors = fixture::tensors(fixture::folder() / "expected" / (expected.toStdString() + ".safetensors"));
        QVERIFY(tensors.contains("logits"));
        const double difference = differenceFrom(*generator, tensors);
        QVERIFY2(difference < kTolerance, std::to_string(difference).c_str());
    }

    void adaptersEqualPeft_data()
    {
        QTest::addColumn<QString>("name");
        for (const char *name : {"all-linear", "patterns", "expression", "one-layer"})
            QTest::newRow(name) << name;
    }
    void adaptersEqualPeft()
    {
        QFETCH(QString, name);
        auto generator = loaded("llama-gqa");
        QVERIFY(generator);
        auto tensors = fixture::tensors(fixture::folder() / "expected" / ("peft-" + name.toStdString() + ".safetensors"));
        const auto adapter = adapterFrom(*generator, name.toStdString());
        QVERIFY(adapter && tensors.contains("logits"));
        const double difference = differenceFrom(*generator, tensors, adapter.get());
        QVERIFY2(difference < kTolerance, std::to_string(difference).c_str());
        QVERIFY(differenceFrom(*generator, tensors, adapter.get(), 0.5) > 1e-2);
        const std::vector<TokenId> ids = tokens(9, 4);
        QCOMPARE(*generator->logits(ids, adapter.get(), 0.0), *generator->logits(ids));
    }

    void columnsTogetherEqualEachAlone()
    {
        auto generator = loaded("llama-gqa");
        QVERIFY(generator);
        const auto adapter = adapterFrom(*generator, "all-linear"), other = adapterFrom(*generator, "patterns");
        QVERIFY(adapter && other);
        std::vector<SequenceRequest> requests;
        for (std::uint64_t i = 0; i < 23; ++i) { // more than fit together, some with the same prompt
            requests.push_back(request(tokens(1 + i * 7 % 31, i % 5), 5 + static_cast<int>(i), i % 3, i % 4 == 0));
            requests.back().adapter = i % 3 == 0 ? nullptr : i % 3 == 1 ? adapter : other;
            requests.back().strength = i % 2 == 0 ? 1.0 : 0.7;
        }
        std::vector<std::vector<float>> probabilities(requests.size());
        GenerateCallbacks callbacks;
        callbacks.token = [&](const TokenEvent &event) { probabilities[event.sequence].push_back(event.token.probability); };
        auto together = generator->generate(requests, callbacks);
        QVERIFY2(together.has_value(), together ? "" : together.error().message.c_str());
        const auto alone = std::move(probabilities);
        for (std::size_t i = 0; i < requests.size(); ++i) {
            probabilities.assign(1, {});
            auto single = generator->generate({&requests[i], 1}, callbacks);
            QVERIFY(single.has_value());
            QCOMPARE(single->front().ids, (*together)[i].ids);
            QCOMPARE(probabilities[0], alone[i]); // bit for bit
            QVERIFY(!single->front().ids.empty());
        }
    }

    void threadsDoNotChangeTheResult()
    {
        std::vector<SequenceRequest> requests;
        for (std::uint64_t i = 0; i < 6; ++i)
            requests.push_back(request(tokens(5 + i, i), 20, i));
        std::vector<std::vector<TokenId>> first;
        std::vector<float> logits;
        for (const int threads : {1, 2, 3, 2}) {
            auto generator = loaded("mistral-window", threads);
            QVERIFY(generator);
            auto results = generator->generate(requests);
            QVERIFY(results.has_value());
            std::vector<std::vector<TokenId>> ids;
            for (const SequenceResult &result : *results)
                ids.push_back(result.ids);
            auto own = generator->logits(requests[3].prompt);
            QVERIFY(own.has_value());
            if (first.empty()) {
                first = ids;
                logits = *own;
            }
            QCOMPARE(ids, first);
            QCOMPARE(*own, logits);
        }
    }

    // The tokens of an answer have, to the bit, the probabilities that reading the whole text at once gives.
    void decodingEqualsReading()
    {
        auto generator = loaded("llama-bias");
        QVERIFY(generator);
        generator->setEndTokens({});
        std::vector<float> probabilities;
        GenerateCallbacks callbacks;
        callbacks.token = [&](const TokenEvent &event) { probabilities.push_back(event.token.probability); };
        const SequenceRequest wish = request(tokens(17, 3), 40, 8);
        auto results = generator->generate({&wish, 1}, callbacks);
        QVERIFY(results.has_value());
        std::vector<TokenId> all = wish.prompt;
        all.insert(all.end(), results->front().ids.begin(), results->front().ids.end());
        auto logits = generator->logits(all);
        QVERIFY(logits.has_value());
        const std::size_t vocabulary = static_cast<std::size_t>(generator->config().vocabulary);
        SamplingSettings greedy;
        greedy.isGreedy = true;
        for (std::size_t i = 0; i < probabilities.size(); ++i) {
            const std::span<const float> row(logits->data() + (wish.prompt.size() - 1 + i) * vocabulary, vocabulary);
            double largest = -INFINITY, total = 0;
            for (const float value : row)
                largest = std::max(largest, double(value));
            for (const float value : row)
                total += std::exp(double(value) - largest);
            const double right = std::exp(double(row[static_cast<std::size_t>(results->front().ids[i])]) - largest) / total;
            QVERIFY(std::abs(right - double(probabilities[i])) < 1e-6);
        }
    }

    // An answer that is given: the probabilities of its tokens are those of the logits in front of them, whatever was read at once.
    void readingEqualsTheLogits_data()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<int>("prompt");
        QTest::addColumn<int>("answer");
        QTest::newRow("short") << "llama-bias" << 17 << 30;
        QTest::newRow("one token in front") << "llama-bias" << 1 << 5;
        QTest::newRow("longer than a pass") << "../tinychat" << 230 << 210;
    }
    void readingEqualsTheLogits()
    {
        QFETCH(QString, model);
        QFETCH(int, prompt);
        QFETCH(int, answer);
        auto generator = loaded(model.toStdString());
        QVERIFY(generator);
        const auto ids = tokens(std::size_t(prompt + answer), 5);
        const auto logits = generator->logits(ids);
        const auto read = generator->read(ids, std::size_t(prompt));
        QVERIFY(logits.has_value() && read.has_value());
        QCOMPARE(read->size(), std::size_t(answer));
        const std::size_t vocabulary = static_cast<std::size_t>(generator->config().vocabulary);
        for (std::size_t i = 0; i < read->size(); ++i) {
            const std::span<const float> row(logits->data() + (std::size_t(prompt) - 1 + i) * vocabulary, vocabulary);
            double total = 0;
            for (const float value : row)
                total += std::exp(double(value));
            const SampledToken &token = (*read)[i];
            QCOMPARE(token.id, ids[std::size_t(prompt) + i]);
            QVERIFY(std::abs(std::exp(double(row[std::size_t(token.id)])) / total - double(token.probability)) < 1e-6);
            QCOMPARE(token.alternatives[0].id, TokenId(std::max_element(row.begin(), row.end()) - row.begin()));
        }
        QVERIFY(generator->read(std::span(ids).first(std::size_t(prompt)), std::size_t(prompt))->empty());
        std::vector<TokenId> wrong = ids;
        wrong.back() = 100000;
        QVERIFY(!generator->read(wrong, std::size_t(prompt)));
    }

    void answersEnd()
    {
        auto generator = loaded("llama-gqa");
        QVERIFY(generator);
        QCOMPARE(generator->endTokens(), std::vector<TokenId>{2});
        generator->setEndTokens({});
        SequenceRequest wish = request(tokens(10, 1), 30, 1, true);
        auto results = generator->generate({&wish, 1});
        QVERIFY(results.has_value());
        QCOMPARE(results->front().finish, Finish::MaxTokens);
        QCOMPARE(results->front().ids.size(), std::size_t{30});
        const TokenId fifth = results->front().ids[4];
        const auto place = std::find(results->front().ids.begin(), results->front().ids.end(), fifth) - results->front().ids.begin();
        generator->setEndTokens({fifth});
        auto ended = generator->generate({&wish, 1});
        QVERIFY(ended.has_value());
        QCOMPARE(ended->front().finish, Finish::EndOfTurn);
        QCOMPARE(ended->front().ids.size(), static_cast<std::size_t>(place) + 1);
        wish.maxTokens = 0;
        auto none = generator->generate({&wish, 1});
        QVERIFY(none && none->front().ids.empty() && none->front().finish == Finish::MaxTokens);
    }

    void endTokensAreThoseOfFilesAndTemplate_data()
    {
        QTest::addColumn<QString>("source");
        QTest::addColumn<QString>("token");
        QTest::newRow("marks every turn") << "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}" << "<|im_end|>";
        QTest::newRow("another mark than the file's") << "{% for m in messages %}{{ m['content'] }}\n<|endoftext|>{% endfor %}" << "<|endoftext|>";
        QTest::newRow("no mark") << "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}" << "";
        QTest::newRow("answers are left out") << "{% for m in messages %}{% if m['role'] == 'user' %}{{ m['content'] }}<|im_end|>{% endif %}{% endfor %}" << "";
        QTest::newRow("refuses") << "{{ raise_exception('no') }}" << "";
    }
    void endTokensAreThoseOfFilesAndTemplate()
    {
        QFETCH(QString, source);
        QFETCH(QString, token);
        const std::filesystem::path folder = fixture::folder() / "tinychat";
        auto tokenizer = text::Tokenizer::fromFolder(folder);
        auto chatTemplate = text::ChatTemplate::parse(source.toStdString());
        auto config = model::readConfig(folder);
        QVERIFY(tokenizer && chatTemplate && config);
        const TokenId wanted = token.isEmpty() ? -1 : tokenizer->tokenId(token.toStdString()).value_or(-2);
        QCOMPARE(tokenAfterAssistantTurn(*tokenizer, *chatTemplate), wanted);
        std::vector<TokenId> ids = {2}; // what config and tokenizer name
        if (wanted >= 0 && wanted != 2)
            ids.insert(ids.begin(), wanted);
        QCOMPARE(endTokens(*config, *tokenizer, &*chatTemplate, folder), ids);
    }

    void fullContextIsSaid()
    {
        auto generator = loaded("llama-gqa"); // 64 positions
        QVERIFY(generator);
        generator->setEndTokens({});
        SequenceRequest wish = request(tokens(60, 1), 100, 1);
        auto results = generator->generate({&wish, 1});
        QVERIFY(results.has_value());
        QCOMPARE(results->front().finish, Finish::ContextFull);
        QCOMPARE(results->front().ids.size(), std::size_t{5}); // 64 are read, the last one is only written
        wish.prompt = tokens(65, 1);
        auto refused = generator->generate({&wish, 1});
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::BadInput);
        QVERIFY(refused.error().message.find("65") != std::string::npos && refused.error().message.find("64") != std::string::npos);
    }

    void badPromptsAreRefused()
    {
        auto generator = loaded("llama-gqa");
        QVERIFY(generator);
        SequenceRequest wish = request({}, 5, 1);
        QVERIFY(!generator->generate({&wish, 1}));
        wish.prompt = {1, 61};
        QVERIFY(!generator->generate({&wish, 1}));
        wish.prompt = {-1};
        QVERIFY(!generator->generate({&wish, 1}));
        QVERIFY(!generator->logits({}));
        QVERIFY(!Generator::load(fixture::folder() / "models/no-such-model"));
    }

    void stoppingTakesOneToken()
    {
        auto generator = loaded("llama-gqa");
        QVERIFY(generator);
        generator->setEndTokens({});
        std::vector<SequenceRequest> requests(20, request(tokens(4, 2), 50, 3));
        requests[1].prompt = tokens(6, 3);
        std::stop_source stop;
        int events = 0;
        std::vector<std::size_t> finished;
        GenerateCallbacks callbacks;
        callbacks.token = [&](const TokenEvent &) {
            if (++events == 5)
                stop.request_stop();
        };
        callbacks.finished = [&](std::size_t sequence, const SequenceResult &) { finished.push_back(sequence); };
        auto results = generator->generate(requests, callbacks, stop.get_token());
        QVERIFY(results.has_value());
        QVERIFY(events <= 16); // the pass that was under way
        QCOMPARE(finished.size(), requests.size());
        for (const SequenceResult &result : *results) {
            QCOMPARE(result.finish, Finish::Stopped);
            QVERIFY(result.ids.size() <= 1);
        }
    }

    void hashesFollowTheMemory()
    {
        auto generator = loaded("llama-gqa"), other = loaded("llama-bias");
        QVERIFY(generator && other);
        const std::string before = generator->weightHash();
        QCOMPARE(before.size(), std::size_t{64});
        QCOMPARE(loaded("llama-gqa", 1)->weightHash(), before);
        QVERIFY(other->weightHash() != before);
        auto lora = tune::loadPeftFolder(fixture::folder() / "peft/all-linear", generator->config());
        QVERIFY(lora.has_value());
        auto adapter = DecodeAdapter::create(**lora, generator->weights());
        QVERIFY(adapter.has_value());
        QCOMPARE((*adapter)->hash(), (*lora)->hash());
        // Behind their backs.
        generator->weights().layers[1].maps[4].matrix.bytes()[77] ^= std::byte{1};
        QVERIFY(generator->weightHash() != before);
        generator->weights().layers[1].maps[4].matrix.bytes()[77] ^= std::byte{1};
        QCOMPARE(generator->weightHash(), before);
        generator->weights().layers[0].norms[0][3] += 0.5f;
        QVERIFY(generator->weightHash() != before);
        reinterpret_cast<float *>((*adapter)->module(0, model::LinearMap::Query).b.panel(0))[0] += 1.0f;
        QVERIFY((*adapter)->hash() != (*lora)->hash());
    }

    void adaptersOfAnotherModelAreRefused()
    {
        auto generator = loaded("llama-llama3"), other = loaded("llama-gqa");
        QVERIFY(generator && other);
        auto lora = tune::loadPeftFolder(fixture::folder() / "peft/all-linear", other->config());
        QVERIFY(lora.has_value());
        auto refused = generator->addAdapter(**lora);
        QVERIFY(!refused);
        QVERIFY(refused.error().message.find("q_proj") != std::string::npos);
    }

    void storiesAreToldExactly()
    {
        const std::filesystem::path folder = std::filesystem::path(FETTLE_SHARED_DATA) / "models/stories260K";
        if (!std::filesystem::exists(folder))
            QSKIP("stories260K is not beside the checkout.");
        auto generator = Generator::load(folder);
        QVERIFY2(generator.has_value(), generator ? "" : generator.error().message.c_str());
        QVERIFY((*generator)->tokenizer().has_value());
        auto expected = io::readJsonFile(folder / "greedy.json");
        QVERIFY(expected.has_value());
        const std::string prompt = (*expected)["prompt"], story = (*expected)["greedy_text"];
        auto ids = (*generator)->tokenizer()->encode(prompt, {.parseSpecial = false, .addSpecialTokens = true});
        QVERIFY(ids.has_value());
        SequenceRequest wish = request(ids->ids, 500, 1, true);
        wish.start = AnswerStart::ContinuesPrompt;
        std::string streamed;
        GenerateCallbacks callbacks;
        callbacks.token = [&](const TokenEvent &event) { streamed += event.text; };
        auto results = (*generator)->generate({&wish, 1}, callbacks);
        QVERIFY(results.has_value());
        QCOMPARE(QString::fromStdString(results->front().text), QString::fromStdString(streamed));
        // The recording stops after a number of tokens, before the story's end.
        const QString told = QString::fromStdString(prompt + streamed), recorded = QString::fromStdString(story);
        QCOMPARE(told.left(recorded.size()), recorded);
    }

    void smollmEqualsTransformers()
    {
        const char *path = std::getenv("FETTLE_TEST_MODEL");
        if (!path || !std::filesystem::exists(path))
            QSKIP("FETTLE_TEST_MODEL does not name the SmolLM2-135M-Instruct GGUF file.");
        auto generator = Generator::load(path);
        QVERIFY2(generator.has_value(), generator ? "" : generator.error().message.c_str());
        // What transformers computes in fp32 from the same file, unpacked by its own reader.
        auto expected = fixture::tensors(fixture::folder() / "expected/smollm2.safetensors");
        QVERIFY(expected.contains("ids") && expected.contains("rows") && expected.contains("columns"));
        std::vector<TokenId> ids;
        for (std::int64_t i = 0; i < expected["ids"].size(0); ++i)
            ids.push_back(static_cast<TokenId>(expected["ids"][i].item<std::int64_t>()));
        auto logits = (*generator)->logits(ids);
        QVERIFY(logits.has_value());
        const at::Tensor all = at::from_blob(logits->data(), {expected["ids"].size(0), (*generator)->config().vocabulary}, at::kFloat);
        const at::Tensor rows = all.index_select(0, expected["rows"]), own = rows.index_select(1, expected["columns"]);
        QVERIFY(rows.argmax(1).equal(expected["likeliest"]));
        const double relative = fixture::largestDifference(own, expected["logits"]) / expected["logits"].abs().max().item<double>();
        qInfo("relative difference %.2e", relative);
        QVERIFY(relative < kTolerance);
    }

    void smollmEqualsThePlainPath_data()
    {
        QTest::addColumn<bool>("isTuned");
        QTest::newRow("base") << false;
        QTest::newRow("tuned, its adapter rounded to 16 bits") << true;
    }

    void smollmEqualsThePlainPath()
    {
        const char *path = std::getenv("FETTLE_TEST_MODEL");
        if (!path || !std::filesystem::exists(path))
            QSKIP("FETTLE_TEST_MODEL does not name the SmolLM2-135M-Instruct GGUF file.");
        auto generator = Generator::load(path);
        QVERIFY2(generator.has_value(), generator ? "" : generator.error().message.c_str());
        auto weights = model::loadWeights(path);
        QVERIFY(weights.has_value());
        auto encoding = (*generator)->tokenizer()->encode("<|im_start|>user\nWhat is the capital of France, and which river flows through it?"
                                                          "<|im_end|>\n<|im_start|>assistant\n");
        QVERIFY(encoding.has_value());
        std::vector<TokenId> ids = encoding->ids;
        SequenceRequest wish = request(ids, 60, 1, true);
        QFETCH(bool, isTuned);
        std::shared_ptr<tune::LoraAdapter> lora;
        if (isTuned) {
            lora = *tune::LoraAdapter::create((*generator)->config(), {}, 1);
            const at::NoGradGuard guard;
            at::manual_seed(2);
            for (const tune::LoraAdapter::Module &module : lora->modules())
                at::Tensor(module.b).normal_(0.0, 0.05);
            auto packed = DecodeAdapter::create(*lora, (*generator)->weights());
            QVERIFY(packed.has_value());
            QCOMPARE((*packed)->module(3, model::LinearMap::Up).a.form(), WeightForm::F16);
            // Rounding does not change what it is called; tampering does, and taking that back as well.
            const std::string hash = (*packed)->hash();
            QCOMPARE(hash, lora->hash());
            (*packed)->module(3, model::LinearMap::Up).a.panel(0)[5] ^= std::byte{1};
            QVERIFY((*packed)->hash() != hash);
            (*packed)->module(3, model::LinearMap::Up).a.panel(0)[5] ^= std::byte{1};
            QCOMPARE((*packed)->hash(), hash);
            wish.adapter = *packed;
        }
        auto results = (*generator)->generate({&wish, 1});
        QVERIFY(results.has_value());
        qInfo("%s", results->front().text.c_str());
        ids.insert(ids.end(), results->front().ids.begin(), results->front().ids.end());
        auto own = (*generator)->logits(ids, wish.adapter.get());
        const model::NoSites none;
        auto plain = model::computeLogits(**weights, model::packDocument(ids), lora ? static_cast<const model::Sites &>(*lora) : none);
        QVERIFY(own && plain);
        // Few rows are handed to an adapter in another way than many: with the same bits.
        std::vector<TokenId> twice = ids;
        twice.insert(twice.end(), ids.begin(), ids.end());
        QVERIFY(twice.size() > 32 && ids.size() <= 32);
        const auto many = (*generator)->logits(twice, wish.adapter.get());
        QVERIFY(many.has_value());
        QCOMPARE(std::memcmp(many->data(), own->data(), own->size() * sizeof(float)), 0);
        if (lora) { // the adapter does something
            const auto base = model::computeLogits(**weights, model::packDocument(ids), none);
            QVERIFY(base.has_value());
            const double effect = fixture::relativeDifference(*plain, *base);
            qInfo("the adapter changes the logits by %.2e of their size", effect);
            QVERIFY(effect > 100 * kTolerance);
        }
        const at::Tensor fast = at::from_blob(own->data(), plain->sizes(), at::kFloat);
        const double difference = fixture::largestDifference(fast, *plain), size = plain->abs().max().item<double>();
        qInfo("largest difference %.2e, relative %.2e; relative norm %.2e", difference, difference / size, fixture::relativeDifference(fast, *plain));
        QVERIFY(difference / size < kTolerance);
        QVERIFY(fixture::relativeDifference(fast, *plain) < kTolerance);
        // Greedy decoding takes what the plain path finds likeliest.
        const std::int64_t prompt = static_cast<std::int64_t>(encoding->ids.size());
        for (std::size_t i = 0; i < results->front().ids.size(); ++i)
            QCOMPARE(std::int64_t{results->front().ids[i]}, (*plain)[prompt - 1 + static_cast<std::int64_t>(i)].argmax().item<std::int64_t>());
    }

    // Over a text of our own: decoding from the file's rounded weights costs nothing that the same weights in full precision would not.
    void perplexityIsThatOfTheUnpackedWeights()
    {
        const char *path = std::getenv("FETTLE_TEST_MODEL");
        if (!path || !std::filesystem::exists(path))
            QSKIP("FETTLE_TEST_MODEL does not name the SmolLM2-135M-Instruct GGUF file.");
        std::ifstream file(FETTLE_SOURCE_DIR "/README.md");
        std::string text(2000, ' ');
        QVERIFY(file.read(text.data(), static_cast<std::streamsize>(text.size())));
        auto generator = Generator::load(path);
        QVERIFY2(generator.has_value(), generator ? "" : generator.error().message.c_str());
        auto weights = model::loadWeights(path);
        auto encoding = (*generator)->tokenizer()->encode(text);
        QVERIFY(weights && encoding);
        const std::vector<TokenId> &ids = encoding->ids;
        auto own = (*generator)->logits(ids);
        auto plain = model::computeLogits(**weights, model::packDocument(ids), model::NoSites());
        QVERIFY(own && plain);
        const auto count = static_cast<std::int64_t>(ids.size()) - 1;
        const at::Tensor next = at::tensor(std::vector<std::int64_t>(ids.begin() + 1, ids.end()), at::kLong).unsqueeze(1);
        const auto perplexity = [&](const at::Tensor &logits) {
            return std::exp(-at::log_softmax(logits.narrow(0, 0, count), 1).gather(1, next).mean().item<double>());
        };
        const double decoded = perplexity(at::from_blob(own->data(), plain->sizes(), at::kFloat)), unpacked = perplexity(*plain);
        qInfo("%lld tokens: perplexity %.4f decoded, %.4f unpacked", static_cast<long long>(count), decoded, unpacked);
        QVERIFY(unpacked > 1.0 && std::abs(decoded / unpacked - 1.0) < 0.01);
    }
};

QTEST_APPLESS_MAIN(TestGenerator)
#include "tst_generator.moc"
