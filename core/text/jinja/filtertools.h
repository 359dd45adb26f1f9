// What several filters need: arguments, attributes by path, values one by one.
#pragma once

#include "core/text/jinja/engine.h"

#include <functional>
#include <string>
#include <vector>

namespace fettle::text::jinja {

// The values of anything that can be iterated, one by one; of a generator only those that are asked for.
// Nothing happens, and nothing can fail, before the first is asked for.
[[nodiscard]] std::function<bool(Value &)> pulling(const Value &value);
// A generator whose values are made all at once when the first is asked for.
[[nodiscard]] Value lazily(const Value &source, std::function<Values()> make);

// The value behind a path ("function.name", "0", 2); an undefined one becomes the default, if there is one.
struct AttributePath {
    std::vector<Value> parts;
    Value fallback = nullptr;
    explicit AttributePath(const Value &path);
    [[nodiscard]] Value of(Engine &engine, const Value &value) const;
};

// Text in lower case, everything else unchanged: how sorting ignores case.
[[nodiscard]] Value withoutCase(const Value &value);

// The table's parts.
void addTextFilters(std::map<std::string_view, FilterFunction> &table);
void addNumberFilters(std::map<std::string_view, FilterFunction> &table);
void addSequenceFilters(std::map<std::string_view, FilterFunction> &table);
void addOrderFilters(std::map<std::string_view, FilterFunction> &table);

} // namespace fettle::text::jinja
