# Tests of the generate layer. Sources are named from the root, so that this file can be included from anywhere.
set(generate_tests ${CMAKE_SOURCE_DIR}/tests/core/generate)
fettle_test(tst_packedmatrix SOURCES ${generate_tests}/tst_packedmatrix.cpp LIBRARIES fettle_generate LABELS generate)
fettle_test(tst_generatekernels SOURCES ${generate_tests}/tst_generatekernels.cpp LIBRARIES fettle_generate hwy::hwy LABELS generate)
fettle_test(tst_sampler SOURCES ${generate_tests}/tst_sampler.cpp LIBRARIES fettle_generate LABELS generate)
fettle_test(tst_generator SOURCES ${generate_tests}/tst_generator.cpp LIBRARIES fettle_generate fettle::torch LABELS generate)
fettle_test(tst_decodespeed SOURCES ${generate_tests}/tst_decodespeed.cpp LIBRARIES fettle_generate LABELS bench)
fettle_test(tst_playground SOURCES ${CMAKE_SOURCE_DIR}/tests/core/engine/tst_playground.cpp LIBRARIES fettle_engine fettle::torch LABELS engine)
fettle_test(tst_methodanswers SOURCES ${generate_tests}/tst_methodanswers.cpp LIBRARIES fettle_generate fettle::torch LABELS generate)
