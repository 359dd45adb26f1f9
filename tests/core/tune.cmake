# Tests of the tune layer.
fettle_test(tst_lora SOURCES ${CMAKE_SOURCE_DIR}/tests/core/tune/tst_lora.cpp LIBRARIES fettle_tune fettle::torch LABELS tune)
fettle_test(tst_fastpath SOURCES ${CMAKE_SOURCE_DIR}/tests/core/tune/tst_fastpath.cpp LIBRARIES fettle_tune fettle::torch LABELS tune)
fettle_test(tst_deviceloss SOURCES ${CMAKE_SOURCE_DIR}/tests/core/tune/tst_deviceloss.cpp ALONE LIBRARIES fettle_train fettle::torch LABELS tune) # brings a device into its program
# Not a test: speed and memory of a training step.
add_executable(bench_training ${CMAKE_SOURCE_DIR}/tests/bench/bench_training.cpp)
target_include_directories(bench_training PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(bench_training PRIVATE fettle_warnings fettle_train fettle::torch)
