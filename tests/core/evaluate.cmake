# Tests of core/evaluate. They share the tiny model of the training tests.
fettle_test(tst_textmetrics SOURCES evaluate/tst_textmetrics.cpp LIBRARIES fettle_textmetrics LABELS core)
fettle_test(tst_comparison SOURCES evaluate/tst_comparison.cpp LIBRARIES fettle_textmetrics LABELS core)
fettle_test(tst_ballot SOURCES evaluate/tst_ballot.cpp LIBRARIES fettle_textmetrics LABELS core)
if(FETTLE_WITH_TORCH)
  fettle_test(tst_recordloss SOURCES evaluate/tst_recordloss.cpp LIBRARIES fettle_evaluate fettle::torch LABELS core)
  fettle_test(tst_evaluation SOURCES engine/tst_evaluation.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_blindvote SOURCES engine/tst_blindvote.cpp LIBRARIES fettle_engine LABELS core)
endif()
