# Tests of core/io. No LibTorch.
fettle_test(tst_jsonfile SOURCES io/tst_jsonfile.cpp LIBRARIES fettle_io LABELS core)
fettle_test(tst_atomicfile SOURCES io/tst_atomicfile.cpp LIBRARIES fettle_io LABELS core)
fettle_test(tst_safetensors SOURCES io/tst_safetensors.cpp LIBRARIES fettle_io LABELS core)
fettle_test(tst_gguf SOURCES io/tst_gguf.cpp LIBRARIES fettle_io LABELS core)
fettle_test(tst_ggufwriter SOURCES io/tst_ggufwriter.cpp LIBRARIES fettle_io LABELS core)
fettle_test(tst_tensorfile SOURCES io/tst_tensorfile.cpp LIBRARIES fettle_io LABELS core)
fettle_test(tst_filedigest SOURCES io/tst_filedigest.cpp LIBRARIES fettle_io LABELS core)
fettle_test(tst_hostilefiles SOURCES io/tst_hostilefiles.cpp LIBRARIES fettle_io LABELS core)
