# Tests of core/text. No LibTorch.
foreach(test tokenizer tokenizerwriter streamdecoder splitter chattemplate)
  fettle_test(tst_${test} SOURCES text/tst_${test}.cpp LIBRARIES fettle_text LABELS core)
endforeach()
