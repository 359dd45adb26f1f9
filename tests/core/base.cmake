# Tests of core/base. No LibTorch.
fettle_test(tst_base SOURCES base/tst_base.cpp LIBRARIES fettle_base LABELS core)
fettle_test(tst_utf8 SOURCES base/tst_utf8.cpp LIBRARIES fettle_base LABELS core)
fettle_test(tst_words SOURCES base/tst_words.cpp LIBRARIES fettle_base LABELS core)
fettle_test(tst_worddiff SOURCES base/tst_worddiff.cpp LIBRARIES fettle_base LABELS core)
