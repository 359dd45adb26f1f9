// The package around a workbook: a ZIP archive of XML parts. Counts what it unpacks, refuses entities and deep nesting.
#pragma once

#include "core/base/result.h"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

struct zip;

namespace fettle::data {

// Attributes of an element, by local name ("r:id" is "id").
class XmlAttributes {
public:
    explicit XmlAttributes(const char **pairs) : m_pairs(pairs) { }
    [[nodiscard]] std::string_view value(std::string_view name) const; // "" where it is missing

private:
    const char **m_pairs;
};

// Names come without their prefix.
struct XmlEvents {
    std::function<void(std::string_view name, const XmlAttributes &attributes)> start;
    std::function<void(std::string_view name)> end;
    std::function<void(std::string_view text)> text;
    std::function<std::string()> problem; // asked now and then; words end the reading
};

class XlsxPackage {
public:
    // bytes must outlive the package. Errors: BadInput.
    [[nodiscard]] static Result<XlsxPackage> open(std::string_view bytes, std::string name);
    [[nodiscard]] bool has(const std::string &part) const;
    // Errors: BadInput (missing, damaged, entities, too large), Cancelled.
    [[nodiscard]] Result<> read(const std::string &part, const XmlEvents &events, std::stop_token stop);
    // What all parts together may become, which also bounds the text that is made of them.
    [[nodiscard]] std::size_t limit() const { return m_limit; }
    [[nodiscard]] tl::unexpected<Error> refuse(std::string_view why, std::string hint = {}) const;

private:
    struct Closer { void operator()(zip *archive) const; };
    XlsxPackage(zip *archive, std::string name, std::size_t limit) : m_archive(archive), m_name(std::move(name)), m_limit(limit) { }
    std::unique_ptr<zip, Closer> m_archive;
    std::string m_name;
    std::size_t m_limit = 0, m_unpacked = 0;
};

} // namespace fettle::data
