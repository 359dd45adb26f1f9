#!/usr/bin/env bash
# Builds Fettle if needed and starts it.
#   app/run.sh             opens the window on the sample project (without a display: does the same job in the terminal)
#   app/run.sh VERB ...    passes a verb on, see commandline in README.md
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=app/setup.sh
. "$root/app/setup.sh"
fettle_setup app || exit $?
fettle_build release fettle || exit $?
if [ $# -gt 0 ]; then
  exec "$root/build/fettle" "$@"
elif [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  exec "$root/build/fettle" --sample
else
  fettle_say "No display: the sample project runs here in the terminal."
  exec "$root/build/fettle" demo
fi
