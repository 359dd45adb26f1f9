# Tests of core/data, and of the project, which needs no LibTorch: its sources are compiled here once more for builds without it.
add_library(fettle_testproject STATIC ${CMAKE_SOURCE_DIR}/core/engine/project.cpp ${CMAKE_SOURCE_DIR}/core/engine/projectruns.cpp
  ${CMAKE_SOURCE_DIR}/core/engine/projectfindings.cpp ${CMAKE_SOURCE_DIR}/core/engine/projectprompts.cpp)
target_link_libraries(fettle_testproject PUBLIC fettle_data PRIVATE fettle_warnings)
fettle_test(tst_project SOURCES data/tst_project.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_projectruns SOURCES data/tst_projectruns.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_projectlimits SOURCES data/tst_projectlimits.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_journal SOURCES data/tst_journal.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_durability SOURCES data/tst_durability.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_importer SOURCES data/tst_importer.cpp LIBRARIES fettle_data LABELS core)
fettle_test(tst_labelledtokens SOURCES data/tst_labelledtokens.cpp LIBRARIES fettle_data LABELS core parity)
if(FETTLE_WITH_TORCH)
  fettle_test(tst_lens SOURCES data/tst_lens.cpp LIBRARIES fettle_engine LABELS core parity)
endif()
