// Patterns of personal data in a text: e-mail addresses, telephone numbers, bank accounts (IBAN) and card numbers, the last two with
// their check digits. What is only an example by its standard (example.com) is left alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fettle::data {

enum class PersonalKind { Mail, Phone, Account, Card };

struct PersonalSpan {
    PersonalKind kind = PersonalKind::Mail;
    std::size_t begin = 0, end = 0; // bytes
    friend bool operator==(const PersonalSpan &, const PersonalSpan &) = default;
};

// In order, none overlapping. Linear in the length of the text.
[[nodiscard]] std::vector<PersonalSpan> findPersonalData(std::string_view utf8);
// The text with each of them replaced by [MAIL], [PHONE], [IBAN] or [CARD].
[[nodiscard]] std::string maskPersonalData(std::string_view utf8);

} // namespace fettle::data
