#!/usr/bin/env bash
# Sets up, builds and runs every test. Arguments go to ctest, for example: tests/run.sh -R tokenizer
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=app/setup.sh
. "$root/app/setup.sh"
fettle_setup tests || exit $?
fettle_build ci || exit $?
# Tests of real sizes use the default model.
[ -e "$root/build/env/models/$FETTLE_MODEL_FILE" ] && export FETTLE_TEST_MODEL="${FETTLE_TEST_MODEL:-$root/build/env/models/$FETTLE_MODEL_FILE}"
cd "$root/build/ci" && exec ctest -j "$(nproc)" --no-tests=error --output-on-failure --timeout 600 "$@"
