#!/usr/bin/env bash
# Runs the audit. Never fails by its result: the exit code becomes a step output, so that summary and
# upload come first. Every input arrives by the environment and leaves as one argument.
set -euo pipefail

# Paths that other actions read must be native on Windows.
native() {
  if command -v cygpath >/dev/null; then cygpath -m "$1"; else printf '%s\n' "$1"; fi
}

# The revision to compare with: the base branch of a pull request, unless another one was named.
base_revision() {
  case "${INPUT_BASE:-auto}" in
    none) ;;
    auto) if [ -n "${GITHUB_BASE_REF:-}" ]; then echo "refs/remotes/origin/$GITHUB_BASE_REF"; fi ;;
    *) echo "$INPUT_BASE" ;;
  esac
}

# One `--report` for each format; three of them are needed by the steps that follow.
report_arguments() {
  local format file words
  IFS=$' ,\t\n' read -r -d '' -a words <<<"sarif json markdown ${INPUT_REPORTS:-}" || true
  arguments+=(--report terminal)
  while IFS= read -r format; do
    case "$format" in
      terminal) continue ;;
      sarif) file=seaworthy.sarif ;;
      markdown) file=seaworthy.md ;;
      *) file=seaworthy.$format ;;
    esac
    arguments+=(--report "$format=$reports/$file")
  done < <(printf '%s\n' "${words[@]}" | sort -u)
}

# An optional argument: its flag, and the value that may be empty.
optional() {
  if [ -n "$2" ]; then arguments+=("$1=$2"); fi
}

main() {
  local code=0 base extra token
  arguments=(scan --no-progress)
  reports=$(native "$(mktemp -d "${RUNNER_TEMP:?}/seaworthy-reports.XXXXXX")")
  base=$(base_revision)

  report_arguments
  optional --target "${INPUT_TARGET_URL:-}"
  optional --fail-on "${INPUT_FAIL_ON:-}"
  optional --base "$base"
  optional --config "${INPUT_CONFIG:-}"
  if [ "${INPUT_OFFLINE:-false}" = true ]; then arguments+=(--offline); fi
  # Split at white space, and nothing more: no quotes, no globs, no expansion.
  read -r -d '' -a extra <<<"${INPUT_ARGS:-}" || true

  # What the audit quotes comes from strangers: while it speaks, the runner takes no commands.
  token=$(od -An -N 16 -t x1 /dev/urandom | tr -d ' \n')
  echo "::stop-commands::$token"
  "$SEAWORTHY_BINARY" "${arguments[@]}" ${extra[@]+"${extra[@]}"} -- "${INPUT_PATH:-.}" || code=$?
  echo "::$token::"

  if [ "$code" = 2 ] && [ -n "$base" ]; then
    echo "::notice title=seaworthy::The comparison needs the history of the base branch: check out with fetch-depth 0."
  fi
  {
    echo "exit-code=$code"
    echo "report-dir=$reports"
    if [ -s "$reports/seaworthy.sarif" ]; then echo "sarif-file=$reports/seaworthy.sarif"; else echo "sarif-file="; fi
  } >>"$GITHUB_OUTPUT"
}

main
