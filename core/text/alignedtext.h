// A piece of the text that is being tokenised, in the form the normalizers gave it, with the way back: every byte knows the bytes of
// the original text that it came from. Ranges follow the rules of Hugging Face tokenizers, so that offsets come out equal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::text {

// Half-open range of bytes.
struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    [[nodiscard]] std::uint32_t size() const { return end - begin; }
    friend bool operator==(const Range &, const Range &) = default;
};

// One character of a changed text. change 0: it stands for the next old character; 1: it is new; -n: it stands for the next old
// character, and the n that follow vanish.
struct Edit {
    char32_t value;
    int change;
};

class AlignedText {
public:
    // The unchanged bytes [begin, begin + piece.size()) of the original text. Keeps a view: the text must outlive this.
    AlignedText(std::string_view piece, std::uint32_t begin)
        : m_view(piece)
        , m_begin(begin)
    {
    }
    AlignedText(const AlignedText &) = delete;
    AlignedText &operator=(const AlignedText &) = delete;
    AlignedText(AlignedText &&other) noexcept { *this = std::move(other); }
    AlignedText &operator=(AlignedText &&other) noexcept;

    [[nodiscard]] std::string_view view() const { return m_view; }
    // The bytes of the original text that a range (not empty) came from; whole characters.
    [[nodiscard]] Range originOf(Range range) const;
    // The same text cut to a range.
    [[nodiscard]] AlignedText slice(Range range) const;

    // Replaces the range by the edits; removedFirst old characters of the range vanish before the first edit.
    void apply(Range range, const std::vector<Edit> &edits, std::size_t removedFirst = 0);
    void applyAll(const std::vector<Edit> &edits, std::size_t removedFirst = 0);
    // Replaces every range (ordered, apart) by the same content, whose bytes come from the last character of the range.
    void replaceAll(const std::vector<Range> &ranges, std::string_view content);
    // Puts content before the first character of each range and returns where the ranges lie then. chosen: which of them.
    [[nodiscard]] std::vector<Range> prependTo(const std::vector<Range> &ranges, const std::vector<bool> &chosen, std::string_view content);

private:
    void materialise();
    void take(std::string text, std::vector<Range> origins);

    std::string_view m_view;
    std::uint32_t m_begin = 0;
    std::string m_text; // used once the text was changed
    std::vector<Range> m_origins; // one for each byte of m_text; empty while unchanged
    bool m_changed = false;
};

} // namespace fettle::text
