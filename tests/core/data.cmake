# Tests of core/data, and of the project, which needs no LibTorch: its sources are compiled here once more for builds without it.
add_library(fettle_testproject STATIC ${CMAKE_SOURCE_DIR}/core/engine/project.cpp ${CMAKE_SOURCE_DIR}/core/engine/projectruns.cpp
  ${CMAKE_SOURCE_DIR}/core/engine/projectfindings.cpp ${CMAKE_SOURCE_DIR}/core/engine/projectprompts.cpp ${CMAKE_SOURCE_DIR}/core/engine/projectvotes.cpp
  ${CMAKE_SOURCE_DIR}/core/engine/projectbulk.cpp ${CMAKE_SOURCE_DIR}/core/engine/projectimport.cpp
  ${CMAKE_SOURCE_DIR}/core/engine/projectinsight.cpp ${CMAKE_SOURCE_DIR}/core/engine/projectruntrash.cpp ${CMAKE_SOURCE_DIR}/core/engine/runresult.cpp ${CMAKE_SOURCE_DIR}/core/engine/runmoves.cpp
  ${CMAKE_SOURCE_DIR}/core/train/checkpoint.cpp)
target_link_libraries(fettle_testproject PUBLIC fettle_data fettle_textmetrics PRIVATE fettle_warnings)
fettle_test(tst_project SOURCES data/tst_project.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_projectdata SOURCES data/tst_projectdata.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_projectruns SOURCES data/tst_projectruns.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_projectvotes SOURCES data/tst_projectvotes.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_projectlimits SOURCES data/tst_projectlimits.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_lossledger SOURCES data/tst_lossledger.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_runfacts SOURCES data/tst_runfacts.cpp LIBRARIES fettle_testproject fettle_runfacts fettle_settings LABELS core)
fettle_test(tst_journal SOURCES data/tst_journal.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_durability SOURCES data/tst_durability.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_textfindings SOURCES data/tst_textfindings.cpp LIBRARIES fettle_data LABELS core)
fettle_test(tst_bulkchange SOURCES data/tst_bulkchange.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_dataexport SOURCES data/tst_dataexport.cpp LIBRARIES fettle_testproject LABELS core)
foreach(test importer importjson importtables importlimits)
  fettle_test(tst_${test} SOURCES data/tst_${test}.cpp LIBRARIES fettle_data LABELS core)
endforeach()
fettle_test(tst_importpacked SOURCES data/tst_importpacked.cpp LIBRARIES fettle_data PkgConfig::LIBZIP ZLIB::ZLIB LABELS core)
fettle_test(tst_importshapes SOURCES data/tst_importshapes.cpp LIBRARIES fettle_data LABELS core)
fettle_test(tst_filterlanguage SOURCES data/tst_filterlanguage.cpp LIBRARIES fettle_testproject LABELS core)
fettle_test(tst_labelledtokens SOURCES data/tst_labelledtokens.cpp LIBRARIES fettle_data LABELS core parity)
if(FETTLE_WITH_TORCH)
  fettle_test(tst_lens SOURCES data/tst_lens.cpp LIBRARIES fettle_engine LABELS core parity)
endif()
