// The ring around the widget that has the keyboard. Shown after Tab and shortcuts only, so that it does not flash at every click.
#pragma once

class QApplication;

namespace fettle::ui {

// Buttons, chips, sliders, check boxes get the ring 2 px outside; fields and lists draw their own border instead.
void installFocusRing(QApplication &application);

} // namespace fettle::ui
