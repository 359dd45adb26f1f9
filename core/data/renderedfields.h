// Where the fields of a record stand in the text that a template made of it.
#pragma once

#include "core/data/messages.h"
#include "core/text/chattemplate.h"

namespace fettle::data {

struct RenderedField {
    TokenSource source = TokenSource::Template;
    std::size_t begin = 0, end = 0;  // bytes of the rendered text
    std::int64_t fieldBegin = 0;     // code point of the field at begin
};

// The template is rendered once more with marks in place of the texts, which shows its own words; where the real text does not follow them
// (a template that looks into the text), fields are searched in order. What cannot be found is left out. Ascending, never overlapping.
[[nodiscard]] std::vector<RenderedField> findFields(std::string_view rendered, const Messages &messages, std::size_t messageCount,
                                                    const text::ChatTemplate &chatTemplate, text::RenderContext context,
                                                    const RenderOptions &options);

} // namespace fettle::data
