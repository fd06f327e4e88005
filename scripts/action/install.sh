#!/usr/bin/env bash
# Puts the seaworthy binary on the runner, and its path into the step output `binary`.
# A released binary is used only when its SHA-256 stands in this file, so that the hash by which a
# workflow pins this action pins the binary as well. Else the action's own checkout is built.
# Works with bash 3.2 (macOS) and Git Bash (Windows).
set -euo pipefail

# Released binaries, newest version first: VERSION TARGET SHA256 URL, one archive a line. The release
# workflow prints these rows. There is no release yet, so that every run builds from source.
pinned_releases() {
  cat <<'ROWS'
ROWS
}

fail() {
  echo "::error title=seaworthy::$1"
  exit 2
}

rust_target() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo x86_64-unknown-linux-musl ;;
    Linux-aarch64) echo aarch64-unknown-linux-musl ;;
    Darwin-x86_64) echo x86_64-apple-darwin ;;
    Darwin-arm64) echo aarch64-apple-darwin ;;
    MINGW*-x86_64 | MSYS*-x86_64) echo x86_64-pc-windows-msvc ;;
    *) echo unknown ;;
  esac
}

# The first row for a target and a version ("" takes any), as "SHA256 URL".
pinned_row() {
  pinned_releases | awk -v target="$1" -v version="$2" \
    '$2 == target && (version == "" || $1 == version) { print $3, $4; exit }'
}

sha256_of() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1" | cut -d ' ' -f 1
  else
    shasum -a 256 "$1" | cut -d ' ' -f 1
  fi
}

download() {
  local sha256=$1 url=$2 into=$3 found
  curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 \
    --retry 3 --max-time 300 --output "$into/seaworthy.tar.gz" "$url" ||
    fail "The released binary could not be downloaded."
  found=$(sha256_of "$into/seaworthy.tar.gz")
  [ "$found" = "$sha256" ] ||
    fail "The released binary is not the one that this action pins: expected SHA-256 $sha256, got $found."
  tar -xzf "$into/seaworthy.tar.gz" -C "$into" || fail "The released archive could not be unpacked."
}

# Cargo reads configuration from the folder in which it runs, and above it. That must be the action's
# folder, never the audited one: a `.cargo/config.toml` may name programs to run.
build() {
  local into=$1
  command -v cargo >/dev/null ||
    fail "No released binary is pinned for $(rust_target), and there is no cargo to build one."
  (cd "$GITHUB_ACTION_PATH" && cargo build --release --locked --bin seaworthy --target-dir "$into/build") ||
    fail "seaworthy could not be built from the action's own checkout."
  cp "$into/build/release/seaworthy$2" "$into/seaworthy$2"
}

main() {
  local version=${INPUT_VERSION:-} suffix="" into target row=""
  into=$(mktemp -d "${RUNNER_TEMP:?}/seaworthy-binary.XXXXXX")
  target=$(rust_target)
  case "$target" in *windows*) suffix=.exe ;; esac

  if [ "$version" != source ]; then
    row=$(pinned_row "$target" "$version")
    [ -n "$row" ] || [ -z "$version" ] ||
      fail "This action pins no version \"${version//[^0-9A-Za-z.+-]/?}\" for $target."
  fi
  if [ -n "$row" ]; then
    download "${row%% *}" "${row#* }" "$into"
  else
    echo "No released binary is used: building from the action's checkout."
    build "$into" "$suffix"
  fi

  "$into/seaworthy$suffix" --version
  echo "binary=$into/seaworthy$suffix" >>"$GITHUB_OUTPUT"
}

main
