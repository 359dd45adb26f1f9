# Tests of the engine: whole roads on the tiny chat model.
if(FETTLE_WITH_TORCH)
  fettle_test(tst_models SOURCES engine/tst_models.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_exportgguf SOURCES engine/tst_exportgguf.cpp LIBRARIES fettle_export fettle::torch LABELS core)
  fettle_test(tst_enginetraining SOURCES engine/tst_enginetraining.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_runinsight SOURCES engine/tst_runinsight.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_enginemethods SOURCES engine/tst_enginemethods.cpp LIBRARIES fettle_engine LABELS core)
endif()
