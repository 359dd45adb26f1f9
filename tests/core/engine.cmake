# Tests of the engine: whole roads on the tiny chat model.
if(FETTLE_WITH_TORCH)
  fettle_test(tst_models SOURCES engine/tst_models.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_exportgguf SOURCES engine/tst_exportgguf.cpp LIBRARIES fettle_export fettle::torch LABELS core)
  fettle_test(tst_enginetraining SOURCES engine/tst_enginetraining.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_runsurvives SOURCES engine/tst_runsurvives.cpp LIBRARIES fettle_engine LABELS core)
  set_target_properties(tst_runsurvives PROPERTIES ENABLE_EXPORTS ON) # its own write and rename are used by the libraries too
  fettle_test(tst_autopsy SOURCES engine/tst_autopsy.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_tokenlosses SOURCES engine/tst_tokenlosses.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_runinsight SOURCES engine/tst_runinsight.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_enginemethods SOURCES engine/tst_enginemethods.cpp LIBRARIES fettle_engine LABELS core)
<<<<<<< ours
  fettle_test(tst_history SOURCES engine/tst_history.cpp LIBRARIES fettle_engine LABELS core)
=======
  fettle_test(tst_soak SOURCES engine/tst_soak.cpp LIBRARIES fettle_engine LABELS core slow)
>>>>>>> theirs
  fettle_test(tst_liverun SOURCES engine/tst_liverun.cpp LIBRARIES fettle_engine fettle::torch LABELS core)
  fettle_test(tst_serve SOURCES engine/tst_serve.cpp LIBRARIES fettle_engine LABELS core)
  fettle_test(tst_correction SOURCES engine/tst_correction.cpp LIBRARIES fettle_engine fettle::torch LABELS core)
endif()
