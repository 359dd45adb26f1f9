// The fixtures of tests/fixtures/make_tokenizer_fixtures.py, and the real tokenizers beside the checkout.
#pragma once

#include "core/io/jsonfile.h"
#include "core/text/tokenizer.h"

#include <QDir>
#include <QString>
#include <QStringList>

namespace fixture {

inline std::string folder()
{
    return FETTLE_FIXTURES "/tokenizers/";
}

inline nlohmann::json read(const std::string &file)
{
    auto json = fettle::io::readJsonFile(file, {.repeatedKeys = fettle::io::RepeatedKeys::KeepLast});
    if (!json)
        qFatal("%s", json.error().message.c_str());
    return *json;
}

inline std::vector<std::string> texts()
{
    return read(folder() + "texts.json").get<std::vector<std::string>>();
}

// Every fixture; real: those whose tokenizer lies in shared data.
inline QStringList names()
{
    QStringList found;
    const QStringList files = QDir(QString::fromStdString(folder())).entryList({"*.json"}, QDir::Files, QDir::Name);
    for (const QString &file : files)
        if (file != "texts.json")
            found << file.chopped(5);
    return found;
}

inline std::string realFolder(const QString &name)
{
    return std::string(FETTLE_SHARED_DATA) + "/tokenizers/" + name.mid(5).toStdString();
}

// Nothing when the real tokenizer is not there.
inline std::optional<fettle::text::Tokenizer> load(const QString &name, const nlohmann::json &fixture)
{
    auto tokenizer = fettle::Result<fettle::text::Tokenizer>(fettle::fail(fettle::ErrorCode::NotFound, ""));
    if (name.startsWith("real_")) {
        const std::string file = realFolder(name) + "/tokenizer.json";
        if (!QFile::exists(QString::fromStdString(file)))
            return std::nullopt;
        tokenizer = fettle::text::Tokenizer::fromJsonFile(file);
    } else {
        tokenizer = fettle::text::Tokenizer::fromJson(fixture["tokenizer"].dump(), name.toStdString());
    }
    if (!tokenizer)
        qFatal("%s", tokenizer.error().message.c_str());
    return *tokenizer;
}

} // namespace fixture
