// The built program as a script sees it: arguments and standard input in, exit code and both outputs out.
#pragma once

#include <QProcess>
#include <csignal>
#include <grp.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace program {

using Json = nlohmann::json;

// What goes wrong around the program.
struct Trouble {
    bool isNobody = false;  // root may write anywhere: the program then runs as nobody; exit code 99 where that cannot be
    rlim_t largestFile = 0; // what the system answers beyond it is what a full disk answers
};

struct Outcome {
    int exitCode = -1; // -1: killed
    QByteArray output, errors;
    [[nodiscard]] Json json() const { return Json::parse(output.toStdString(), nullptr, false); }
    [[nodiscard]] std::vector<Json> lines() const
    {
        std::vector<Json> all;
        for (const auto &line : output.trimmed().split('\n'))
            all.push_back(Json::parse(line.toStdString(), nullptr, false));
        return all;
    }
};

inline Outcome run(const QStringList &arguments, const QByteArray &input = {}, const Trouble &trouble = {})
{
    constexpr uid_t kNobody = 65534;
    QProcess process;
    process.setChildProcessModifier([trouble] {
        if (trouble.largestFile > 0) {
            ::signal(SIGXFSZ, SIG_IGN);
            const rlimit limit{trouble.largestFile, trouble.largestFile};
            ::setrlimit(RLIMIT_FSIZE, &limit);
        }
        if (trouble.isNobody && ::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0))
            ::_exit(99);
    });
    process.start(FETTLE_PROGRAM, arguments);
    process.write(input);
    process.closeWriteChannel();
    if (!process.waitForFinished(120000))
        process.kill();
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1, process.readAllStandardOutput(), process.readAllStandardError()};
}

inline Outcome run(const QStringList &arguments, const Trouble &trouble) { return run(arguments, {}, trouble); }

} // namespace program
