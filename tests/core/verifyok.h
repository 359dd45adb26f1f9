// VERIFY_OK(result): the test fails with the message of a Result that is none. The expression is evaluated once.
#pragma once

#include <QTest>

#define VERIFY_OK(expression)                                                                                                          \
    do {                                                                                                                               \
        const auto &verified = (expression);                                                                                           \
        QVERIFY2(verified.has_value(), verified.has_value() ? "" : (verified.error().message + " " + verified.error().detail).c_str()); \
    } while (false)
