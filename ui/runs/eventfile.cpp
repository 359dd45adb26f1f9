// See eventfile.h.
#include "ui/runs/eventfile.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace fettle::ui {

namespace {

static_assert(std::endian::native == std::endian::little, "frames hold little-endian numbers");

constexpr std::array<std::uint32_t, 256> crcTable()
{
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = value & 1 ? (value >> 1) ^ 0x82F63B78U : value >> 1;
        table[i] = value;
    }
    return table;
}

template <class T>
void appendBytes(QByteArray &bytes, T value)
{
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes.append(raw, sizeof(T));
}

void appendVarint(QByteArray &bytes, std::uint64_t value)
{
    while (value >= 0x80) {
        bytes.append(char(value | 0x80));
        value >>= 7;
    }
    bytes.append(char(value));
}

void appendField(QByteArray &bytes, int number, const QByteArray &content) // length-delimited
{
    appendVarint(bytes, std::uint64_t(number) << 3 | 2);
    appendVarint(bytes, std::uint64_t(content.size()));
    bytes.append(content);
}

// Frames mask their checksums, because a checksum over data that holds its own checksum is weak.
std::uint32_t masked(const QByteArray &bytes)
{
    return std::rotr(crc32c({bytes.constData(), std::size_t(bytes.size())}), 15) + 0xA282EAD8U;
}

void appendFrame(QByteArray &file, const QByteArray &event)
{
    QByteArray length;
    appendBytes(length, std::uint64_t(event.size()));
    file.append(length);
    appendBytes(file, masked(length));
    file.append(event);
    appendBytes(file, masked(event));
}

QByteArray eventHead(double wallTime, std::int64_t step)
{
    QByteArray event;
    event.append(char(0x09)); // wall_time: field 1, 64 bits
    appendBytes(event, wallTime);
    event.append(char(0x10)); // step: field 2, varint
    appendVarint(event, std::uint64_t(step));
    return event;
}

void appendValue(QByteArray &summary, const char *tag, double value)
{
    if (!std::isfinite(value))
        return;
    QByteArray entry;
    appendField(entry, 1, tag);
    entry.append(char(0x15)); // simple_value: field 2, 32 bits
    appendBytes(entry, float(value));
    appendField(summary, 1, entry);
}

} // namespace

std::uint32_t crc32c(std::string_view bytes)
{
    static constexpr std::array<std::uint32_t, 256> kTable = crcTable();
    std::uint32_t value = 0xFFFFFFFFU;
    for (const char byte : bytes)
        value = kTable[(value ^ std::uint8_t(byte)) & 0xFF] ^ (value >> 8);
    return ~value;
}

QByteArray eventFile(const RunCurves &curves, double started)
{
    QByteArray file;
    QByteArray first = eventHead(started, 0);
    appendField(first, 3, "brain.Event:2");
    appendFrame(file, first);
    auto eval = curves.evals.begin();
    for (const engine::MetricPoint &point : curves.points) {
        QByteArray summary;
        appendValue(summary, "train/loss", point.loss);
        appendValue(summary, "train/token_accuracy", point.accuracy);
        appendValue(summary, "train/learning_rate", point.learningRate);
        appendValue(summary, "train/gradient_norm", point.gradNorm);
        appendValue(summary, "train/epoch", point.epoch);
        appendValue(summary, "speed/tokens_per_second", point.tokensPerSecond);
        appendValue(summary, "memory/peak_bytes", double(point.peakBytes));
        for (; eval != curves.evals.end() && eval->step <= point.step; ++eval) {
            if (eval->step == point.step) {
                appendValue(summary, "held_out/loss", eval->loss);
                appendValue(summary, "held_out/token_accuracy", eval->accuracy);
            }
        }
        QByteArray event = eventHead(started + (std::isfinite(point.seconds) ? point.seconds : 0.0), point.step);
        appendField(event, 5, summary);
        appendFrame(file, event);
    }
    return file;
}

} // namespace fettle::ui
