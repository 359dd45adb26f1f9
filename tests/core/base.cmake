# Tests of core/base. No LibTorch.
fettle_test(tst_base SOURCES base/tst_base.cpp LIBRARIES fettle_base LABELS core)
fettle_test(tst_utf8 SOURCES base/tst_utf8.cpp LIBRARIES fettle_base LABELS core)
fettle_test(tst_words SOURCES base/tst_words.cpp LIBRARIES fettle_base LABELS core)
fettle_test(tst_worddiff SOURCES base/tst_worddiff.cpp LIBRARIES fettle_base LABELS core)
# Stands in for NVIDIA's library.
add_library(fettle_fake_nvml SHARED ${CMAKE_CURRENT_SOURCE_DIR}/base/fakenvml.cpp)
fettle_test(tst_sensors ALONE SOURCES base/tst_sensors.cpp LIBRARIES fettle_base LABELS core)
target_compile_definitions(tst_sensors PRIVATE FETTLE_FAKE_NVML="$<TARGET_FILE:fettle_fake_nvml>")
add_dependencies(tst_sensors fettle_fake_nvml)
