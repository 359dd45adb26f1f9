// Stands in for the library of NVIDIA's driver: two cards, the second of which tells neither its load nor its power.
#include <cstring>

extern "C" {
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = 3;
    return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    static int devices[2];
    if (index > 1)
        return 15; // lost
    *device = &devices[index];
    devices[index] = static_cast<int>(index);
    return 0;
}
int nvmlDeviceGetName(void *device, char *name, unsigned length)
{
    std::strncpy(name, *static_cast<int *>(device) == 0 ? "Invented 5000" : "Invented 5000, part 1", length);
    return 0;
}
int nvmlDeviceGetUtilizationRates(void *device, unsigned *shares)
{
    shares[0] = 98;
    shares[1] = 40;
    return *static_cast<int *>(device) == 0 ? 0 : 3; // not supported
}
int nvmlDeviceGetMemoryInfo(void *, unsigned long long *bytes)
{
    bytes[0] = 24'000'000'000;
    bytes[1] = 11'900'000'000;
    bytes[2] = 12'100'000'000;
    return 0;
}
int nvmlDeviceGetTemperature(void *, int sensor, unsigned *celsius)
{
    *celsius = sensor == 0 ? 71 : 0;
    return 0;
}
int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts)
{
    *milliwatts = 310'500;
    return *static_cast<int *>(device) == 0 ? 0 : 3;
}
}
