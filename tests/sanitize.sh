#!/usr/bin/env bash
# Builds what reads foreign files with the address and undefined-behaviour sanitizers, and runs the tests that feed it damaged ones: JSON, JSONL,
# CSV, TSV, text, gzip, XLSX and Parquet, model files and tokenizers. No LibTorch and no window: some minutes. Arguments go to ctest.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=app/setup.sh
. "$root/app/setup.sh"
mkdir -p "$root/build"
# shellcheck disable=SC2086
fettle_install_packages $fettle_packages_tests || exit $?
tests="tst_importer tst_importjson tst_importtables tst_importshapes tst_importlimits tst_importpacked tst_hostilefiles tst_tokenizer"
# shellcheck disable=SC2086
fettle_build asan $tests || exit $?
export UBSAN_OPTIONS=print_stacktrace=1
cd "$root/build/asan" && exec ctest -j "$(nproc)" --no-tests=error --output-on-failure -R "^(${tests// /|})$" "$@"
