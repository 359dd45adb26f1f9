# Tests of core/evaluate. They share the tiny model of the training tests.
if(FETTLE_WITH_TORCH)
  fettle_test(tst_recordloss SOURCES evaluate/tst_recordloss.cpp LIBRARIES fettle_evaluate fettle::torch LABELS core)
endif()
