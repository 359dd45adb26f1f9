# Tests of core/train. trainfixture.h: the tiny model and the documents that several of them share; methodfixture.h: what the references computed.
if(FETTLE_WITH_TORCH)
  foreach(test settings batches documents checkpoint)
    fettle_test(tst_train${test} SOURCES train/tst_train${test}.cpp LIBRARIES fettle_train LABELS core)
  endforeach()
  foreach(test optimizer methods methodfolders loop resume)
    fettle_test(tst_train${test} SOURCES train/tst_train${test}.cpp LIBRARIES fettle_train fettle::torch LABELS core)
  endforeach()
  fettle_test(tst_timeleft SOURCES train/tst_timeleft.cpp LIBRARIES fettle_train LABELS core)
  fettle_test(tst_powercut SOURCES train/tst_powercut.cpp ALONE LIBRARIES fettle_train LABELS core)
  set_target_properties(tst_powercut PROPERTIES ENABLE_EXPORTS ON) # its own open, write and rename are used by the libraries too
  fettle_test(tst_runkill SOURCES train/tst_runkill.cpp LIBRARIES fettle_train fettle::torch LABELS core)
endif()
