# Tests of the model layer. Sources are named from the root, so that this file can be included from anywhere.
fettle_test(tst_modelconfig SOURCES ${CMAKE_SOURCE_DIR}/tests/core/model/tst_modelconfig.cpp LIBRARIES fettle_model LABELS model)
fettle_test(tst_decoder SOURCES ${CMAKE_SOURCE_DIR}/tests/core/model/tst_decoder.cpp LIBRARIES fettle_model fettle::torch LABELS model)
fettle_test(tst_gemm SOURCES ${CMAKE_SOURCE_DIR}/tests/core/model/tst_gemm.cpp LIBRARIES fettle_model fettle::torch LABELS model)
