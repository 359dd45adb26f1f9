// Several lines of text in the round frame of a field. Tab leaves it.
#pragma once

#include "ui/theme/tokens.h"

#include <QPlainTextEdit>

namespace fettle::ui {

class TextField : public QPlainTextEdit {
public:
    explicit TextField(const QString &text = {}) : QPlainTextEdit(text)
    {
        setProperty("field", true);
        setTabChangesFocus(true);
        document()->setDocumentMargin(0);
        setViewportMargins(measure::kStep2, measure::kStep1 + 2, measure::kStep1, measure::kStep1 + 2); // clear of the frame
    }
};

} // namespace fettle::ui
