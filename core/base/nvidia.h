// Graphics cards of NVIDIA by the library that comes with their driver (NVML), loaded when it is there: Fettle is built and runs without it.
#pragma once

#include "core/base/sensors.h"

namespace fettle {

class NvidiaLibrary {
public:
    // Null where the library is missing, lacks a function or finds no driver.
    [[nodiscard]] static std::unique_ptr<NvidiaLibrary> load(const std::string &file);
    ~NvidiaLibrary();
    NvidiaLibrary(const NvidiaLibrary &) = delete;
    NvidiaLibrary &operator=(const NvidiaLibrary &) = delete;

    [[nodiscard]] std::vector<GpuFigures> read() const;

    struct Functions;
    NvidiaLibrary(void *handle, std::unique_ptr<Functions> functions);

private:
    void *m_handle;
    std::unique_ptr<Functions> m_functions;
};

} // namespace fettle
