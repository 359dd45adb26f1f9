// Plural forms of the built-in English texts: "%n record(s)" becomes "1 record", "5 records". Other languages bring translation files.
#pragma once

#include <QTranslator>

namespace fettle::ui {

class EnglishPlurals : public QTranslator {
    Q_OBJECT

public:
    using QTranslator::QTranslator;
    [[nodiscard]] QString translate(const char *context, const char *sourceText, const char *disambiguation, int n) const override;
    [[nodiscard]] bool isEmpty() const override { return false; }
};

// Once for the application; a second call does nothing.
void installEnglishPlurals();

} // namespace fettle::ui
