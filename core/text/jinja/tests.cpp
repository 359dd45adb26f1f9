// The tests behind "is".
#include "core/text/jinja/engine.h"

#include "core/base/words.h"
#include "core/text/jinja/pystring.h"

#include <fmt/format.h>

namespace fettle::text::jinja {
namespace {

std::int64_t remainderBy(Engine &engine, const Value &value, const Value &by)
{
    const Value rest = binary(engine, "%", value, by);
    return rest.isInteger() ? rest.integer() : rest.number() == 0.0 ? 0 : rest.number() == 1.0 ? 1 : 2;
}

const Value &other(const Arguments &arguments)
{
    if (arguments.positional.size() != 1)
        stop(tr("the test needs one value to compare with"));
    return arguments.positional[0];
}

template <int... Orders> bool orderTest(Engine &, const Value &value, const Arguments &arguments)
{
    const int order = compare(value, other(arguments));
    return ((order == Orders) || ...);
}

bool equalTest(Engine &, const Value &value, const Arguments &arguments)
{
    return areEqual(value, other(arguments));
}
bool unequalTest(Engine &, const Value &value, const Arguments &arguments)
{
    return !areEqual(value, other(arguments));
}

template <Kind Which> bool kindTest(Engine &, const Value &value, const Arguments &)
{
    return value.is(Which);
}

} // namespace

const std::map<std::string_view, TestFunction> &testTable()
{
    static const std::map<std::string_view, TestFunction> table{
        {"defined", [](Engine &, const Value &value, const Arguments &) { return !value.is(Kind::Undefined); }},
        {"undefined", kindTest<Kind::Undefined>},
        {"none", kindTest<Kind::None>},
        {"boolean", kindTest<Kind::Bool>},
        {"integer", kindTest<Kind::Int>},
        {"float", kindTest<Kind::Float>},
        {"string", kindTest<Kind::String>},
        {"mapping", kindTest<Kind::Dict>},
        {"true", [](Engine &, const Value &value, const Arguments &) { return value.is(Kind::Bool) && value.integer() != 0; }},
        {"false", [](Engine &, const Value &value, const Arguments &) { return value.is(Kind::Bool) && value.integer() == 0; }},
        {"number", [](Engine &, const Value &value, const Arguments &) { return value.isNumber(); }},
        {"odd", [](Engine &engine, const Value &value, const Arguments &) { return remainderBy(engine, value, 2) == 1; }},
        {"even", [](Engine &engine, const Value &value, const Arguments &) { return remainderBy(engine, value, 2) == 0; }},
        {"divisibleby",
         [](Engine &engine, const Value &value, const Arguments &arguments) {
             return remainderBy(engine, value, arguments.find(0, "num") ? *arguments.find(0, "num") : Value()) == 0;
         }},
        {"sequence",
         [](Engine &, const Value &value, const Arguments &) {
             switch (value.kind()) {
             case Kind::String:
             case Kind::List:
             case Kind::Tuple:
             case Kind::Dict:
             case Kind::Range:
             case Kind::Undefined: return true;
             default: return false;
             }
         }},
        {"iterable", [](Engine &, const Value &value, const Arguments &) { return isIterable(value); }},
        {"callable",
         [](Engine &, const Value &value, const Arguments &) {
             return value.is(Kind::Callable) || value.is(Kind::Undefined) || (value.is(Kind::Object) && value.object().isCallable());
         }},
        {"sameas", [](Engine &, const Value &value, const Arguments &arguments) { return value.isSame(other(arguments)); }},
        {"escaped", [](Engine &, const Value &, const Arguments &) { return false; }},
        {"in", [](Engine &, const Value &value, const Arguments &arguments) { return contains(other(arguments), value); }},
        {"lower", [](Engine &, const Value &value, const Arguments &) { return *isKind("islower", toText(value)); }},
        {"upper", [](Engine &, const Value &value, const Arguments &) { return *isKind("isupper", toText(value)); }},
        {"filter",
         [](Engine &, const Value &value, const Arguments &) { return value.is(Kind::String) && filterTable().contains(value.text()); }},
        {"test",
         [](Engine &, const Value &value, const Arguments &) { return value.is(Kind::String) && testTable().contains(value.text()); }},
        {"eq", equalTest},
        {"equalto", equalTest},
        {"==", equalTest},
        {"ne", unequalTest},
        {"!=", unequalTest},
        {"gt", orderTest<1>},
        {"greaterthan", orderTest<1>},
        {">", orderTest<1>},
        {"ge", orderTest<0, 1>},
        {">=", orderTest<0, 1>},
        {"lt", orderTest<-1>},
        {"lessthan", orderTest<-1>},
        {"<", orderTest<-1>},
        {"le", orderTest<-1, 0>},
        {"<=", orderTest<-1, 0>},
    };
    return table;
}

} // namespace fettle::text::jinja
