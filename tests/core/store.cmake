# Tests of core/store.
fettle_test(tst_database SOURCES store/tst_database.cpp LIBRARIES fettle_store LABELS core)
