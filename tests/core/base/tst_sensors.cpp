// Load, temperature and power as Linux tells them, read from trees that this test writes, and NVIDIA's by a stand-in for its library.
#include "core/base/sensors.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace fettle;
using namespace std::chrono_literals;

class TestSensors : public QObject {
    Q_OBJECT
private slots:
    void init()
    {
        m_root = std::make_unique<QTemporaryDir>();
        QVERIFY(m_root->isValid());
    }
    void emptyTreeTellsNothing();
    void shareIsOfTheTimeBetweenReadings();
    void damagedCountersTellNothing_data();
    void damagedCountersTellNothing();
    void warmestProcessorCounts();
    void energyIsCounted();
    void amdCard();
    void intelCardTellsEnergy();
    void nvidiaByItsLibrary();
    void thisComputerIsRead();

private:
    void put(const QString &path, const QByteArray &text)
    {
        const QString whole = m_root->filePath(path);
        QVERIFY(QDir().mkpath(QFileInfo(whole).path()));
        QFile file(whole);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(text);
    }
    [[nodiscard]] std::string root() const { return m_root->path().toStdString(); }

    std::unique_ptr<QTemporaryDir> m_root;
    static constexpr const char *kNoLibrary = "libnothing-of-this-name.so";
};

void TestSensors::emptyTreeTellsNothing()
{
    Sensors sensors(root(), kNoLibrary);
    for (int i = 0; i < 2; ++i) {
        const SensorFigures figures = sensors.read();
        QVERIFY(!figures.processorShare && !figures.processorCelsius);
        QVERIFY(figures.gpus.empty());
    }
}

void TestSensors::shareIsOfTheTimeBetweenReadings()
{
    Sensors sensors(root(), kNoLibrary);
    put(QStringLiteral("proc/stat"), "cpu  100 10 50 800 40 0 0 0 0 0\ncpu0 100 10 50 800 40 0 0 0 0 0\n");
    QVERIFY(!sensors.read().processorShare); // since when?
    put(QStringLiteral("proc/stat"), "cpu  160 10 65 820 45 0 0 0 0 0\n"); // 75 of 100 at work, 20 idle, 5 waiting for a disk
    QCOMPARE(sensors.read().processorShare.value_or(-1), 0.75);
    QVERIFY(!sensors.read().processorShare); // no time has passed
    put(QStringLiteral("proc/stat"), "cpu  170 10 65 820 45 0 0 0 0 0\n");
    QCOMPARE(sensors.read().processorShare.value_or(-1), 1.0);
    put(QStringLiteral("proc/stat"), "cpu  170 10 65 920 45 0 0 0 0 0\n");
    QCOMPARE(sensors.read().processorShare.value_or(-1), 0.0); // nothing to do is a figure, too
}

void TestSensors::damagedCountersTellNothing_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("other words") << QByteArray("intr 1 2 3 4 5 6 7 8");
    QTest::newRow("too few") << QByteArray("cpu 1 2 3");
    QTest::newRow("no numbers") << QByteArray("cpu a b c d e f g h");
    QTest::newRow("backwards") << QByteArray("cpu 1 1 1 1 1 1 1 1");
}

void TestSensors::damagedCountersTellNothing()
{
    QFETCH(QByteArray, text);
    Sensors sensors(root(), kNoLibrary);
    put(QStringLiteral("proc/stat"), "cpu  100 10 50 800 40 0 0 0 0 0\n");
    QVERIFY(!sensors.read().processorShare);
    put(QStringLiteral("proc/stat"), text);
    QVERIFY(!sensors.read().processorShare);
}

void TestSensors::warmestProcessorCounts()
{
    put(QStringLiteral("sys/class/hwmon/hwmon0/name"), "nvme\n");
    put(QStringLiteral("sys/class/hwmon/hwmon0/temp1_input"), "88000\n");
    put(QStringLiteral("sys/class/hwmon/hwmon1/name"), "coretemp\n");
    put(QStringLiteral("sys/class/hwmon/hwmon1/temp1_input"), "61500\n");
    put(QStringLiteral("sys/class/hwmon/hwmon1/temp2_input"), "70000\n"); // one core
    put(QStringLiteral("sys/class/hwmon/hwmon2/name"), "coretemp\n");
    put(QStringLiteral("sys/class/hwmon/hwmon2/temp1_input"), "64000\n");
    Sensors sensors(root(), kNoLibrary);
    QCOMPARE(sensors.read().processorCelsius.value_or(-1), 64.0);
    put(QStringLiteral("sys/class/hwmon/hwmon2/temp1_input"), "");
    QCOMPARE(sensors.read().processorCelsius.value_or(-1), 61.5);
    put(QStringLiteral("sys/class/hwmon/hwmon1/name"), "acpitz\n");
    QVERIFY(!sensors.read().processorCelsius);
    put(QStringLiteral("sys/class/hwmon/hwmon3/name"), "k10temp\n");
    put(QStringLiteral("sys/class/hwmon/hwmon3/temp1_input"), "55250\n");
    QCOMPARE(sensors.read().processorCelsius.value_or(-1), 55.25);
}

void TestSensors::energyIsCounted()
{
    QVERIFY(readProcessorEnergy(root()).packages.empty());
    QVERIFY(!joulesBetween({}, {}));
    const QString first = QStringLiteral("sys/class/powercap/intel-rapl:0/"), second = QStringLiteral("sys/class/powercap/intel-rapl:1/");
    put(first + QStringLiteral("energy_uj"), "5000000\n");
    put(first + QStringLiteral("max_energy_range_uj"), "262143328850\n");
    put(second + QStringLiteral("energy_uj"), "262143000000\n");
    put(second + QStringLiteral("max_energy_range_uj"), "262143328850\n");
    put(QStringLiteral("sys/class/powercap/intel-rapl:0:0/energy_uj"), "1000\n"); // a part of the first
    const EnergyReading before = readProcessorEnergy(root());
    QCOMPARE(before.packages.size(), std::size_t(2));
    put(first + QStringLiteral("energy_uj"), "7500000\n");
    put(second + QStringLiteral("energy_uj"), "671150\n"); // it has begun anew
    QCOMPARE(joulesBetween(before, readProcessorEnergy(root())).value_or(-1), 2.5 + 1.0);
    // Where one of them may not be read, nothing is said.
    put(second + QStringLiteral("energy_uj"), "");
    QVERIFY(!joulesBetween(before, readProcessorEnergy(root())));
}

void TestSensors::amdCard()
{
    const QString device = QStringLiteral("sys/class/drm/card0/device/");
    put(device + QStringLiteral("vendor"), "0x1002\n");
    put(device + QStringLiteral("gpu_busy_percent"), "87\n");
    put(device + QStringLiteral("mem_info_vram_used"), "9000000000\n");
    put(device + QStringLiteral("mem_info_vram_total"), "17163091968\n");
    put(device + QStringLiteral("hwmon/hwmon4/temp1_input"), "58000\n");
    put(device + QStringLiteral("hwmon/hwmon4/power1_average"), "203000000\n");
    put(QStringLiteral("sys/class/drm/card0-HDMI-A-1/status"), "connected\n");
    put(QStringLiteral("sys/class/drm/card1/device/vendor"), "0x1a03\n"); // a server's own picture: it tells nothing
    Sensors sensors(root(), kNoLibrary);
    const auto gpus = sensors.read().gpus;
    QCOMPARE(gpus.size(), std::size_t(1));
    QCOMPARE(gpus[0].name, std::string("AMD"));
    QCOMPARE(gpus[0].share.value_or(-1), 0.87);
    QCOMPARE(gpus[0].memoryUsedBytes.value_or(-1), std::int64_t(9'000'000'000));
    QCOMPARE(gpus[0].memoryTotalBytes.value_or(-1), std::int64_t(17'163'091'968));
    QCOMPARE(gpus[0].celsius.value_or(-1), 58.0);
    QCOMPARE(gpus[0].watts.value_or(-1), 203.0);
}

void TestSensors::intelCardTellsEnergy()
{
    const QString device = QStringLiteral("sys/class/drm/card1/device/");
    put(device + QStringLiteral("vendor"), "0x8086\n");
    put(device + QStringLiteral("hwmon/hwmon2/energy1_input"), "1000000000\n");
    Sensors sensors(root(), kNoLibrary);
    const Sensors::Clock::time_point start;
    QVERIFY(sensors.read(start).gpus.empty()); // one reading of energy is no power
    put(device + QStringLiteral("hwmon/hwmon2/energy1_input"), "1090000000\n");
    auto gpus = sensors.read(start + 2s).gpus;
    QCOMPARE(gpus.size(), std::size_t(1));
    QCOMPARE(gpus[0].name, std::string("Intel"));
    QCOMPARE(gpus[0].watts.value_or(-1), 45.0);
    QVERIFY(!gpus[0].share && !gpus[0].memoryUsedBytes && !gpus[0].celsius);
    put(device + QStringLiteral("hwmon/hwmon2/energy1_input"), "5\n"); // the counter began again
    QVERIFY(sensors.read(start + 3s).gpus.empty());
}

void TestSensors::nvidiaByItsLibrary()
{
    put(QStringLiteral("sys/class/drm/card0/device/vendor"), "0x10de\n");
    put(QStringLiteral("sys/class/drm/card0/device/hwmon/hwmon1/temp1_input"), "60000\n");
    Sensors without(root(), kNoLibrary);
    QCOMPARE(without.read().gpus.size(), std::size_t(1));
    QCOMPARE(without.read().gpus[0].celsius.value_or(-1), 60.0);

    Sensors sensors(root(), FETTLE_FAKE_NVML);
    const auto gpus = sensors.read().gpus;
    QCOMPARE(gpus.size(), std::size_t(2)); // the third is lost, and none is listed twice
    QCOMPARE(gpus[0].name, std::string("Invented 5000"));
    QCOMPARE(gpus[0].share.value_or(-1), 0.98);
    QCOMPARE(gpus[0].memoryUsedBytes.value_or(-1), std::int64_t(12'100'000'000));
    QCOMPARE(gpus[0].memoryTotalBytes.value_or(-1), std::int64_t(24'000'000'000));
    QCOMPARE(gpus[0].celsius.value_or(-1), 71.0);
    QCOMPARE(gpus[0].watts.value_or(-1), 310.5);
    QVERIFY(!gpus[1].share && !gpus[1].watts); // not supported there: absent, not 0
    QCOMPARE(gpus[1].celsius.value_or(-1), 71.0);
    // A library of another kind is no library.
    QVERIFY(Sensors(root(), "libc.so.6").read().gpus.size() == 1);
}

void TestSensors::thisComputerIsRead()
{
    Sensors sensors;
    (void)sensors.read();
    const SensorFigures figures = sensors.read();
    QVERIFY(!figures.processorShare || (*figures.processorShare >= 0 && *figures.processorShare <= 1));
    QVERIFY(!figures.processorCelsius || (*figures.processorCelsius > -50 && *figures.processorCelsius < 150));
}

QTEST_APPLESS_MAIN(TestSensors)
#include "tst_sensors.moc"
