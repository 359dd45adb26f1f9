// The name that a base model gives itself, which a setting such as a file name or a hub name does not always spell.
#pragma once

#include "ui/bridge/bridge.h"

namespace fettle::ui {

// Calls back with the name at once (last part of the setting) and again when the model's own files were read. purpose: of several waiting
// requests with the same purpose only the newest is answered.
void readModelName(Bridge &bridge, QObject *receiver, const std::string &purpose, std::function<void(const QString &name)> show);

} // namespace fettle::ui
