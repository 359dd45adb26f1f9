// The curves of a run as a TensorBoard event file: TFRecord frames (length, masked CRC-32C, event, masked CRC-32C) around Event messages of
// protocol buffers (tensorflow/core/util/event.proto: wall_time 1, step 2, file_version 3, summary 5). Values in, bytes out.
#pragma once

#include "ui/runs/runcurves.h"

#include <QByteArray>

#include <cstdint>
#include <string_view>

namespace fettle::ui {

// Castagnoli's polynomial, reflected; "123456789" gives 0xE3069283.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);
// started: seconds since 1970 at which the run began. Values that are not finite are left out.
[[nodiscard]] QByteArray eventFile(const RunCurves &curves, double started);

} // namespace fettle::ui
