#!/usr/bin/env bash
# Writes the job summary, and the counts as step outputs.
set -euo pipefail

readonly SUMMARY_LIMIT=$((1024 * 1024)) # bytes, for each step
readonly CUT_NOTICE="> This summary was cut at 1 MiB. The whole report is in the report folder of the job."

# How many findings have a verdict. In valid JSON a quote inside a string is escaped, so that no text
# of a finding can look like this key.
count() {
  { grep -oE "\"verdict\"[[:space:]]*:[[:space:]]*\"$1\"" "$json" || true; } | wc -l | tr -d ' '
}

passed() {
  if grep -qE '"passed"[[:space:]]*:[[:space:]]*true' "$json"; then echo true; else echo false; fi
}

summary() {
  local size
  if [ ! -s "$markdown" ]; then
    printf '### seaworthy could not run\n\nIt ended with exit code %s and wrote no report. The log of the job says why.\n' \
      "${EXIT_CODE:-unknown}"
    return
  fi
  size=$(wc -c <"$markdown")
  if [ "$size" -le "$SUMMARY_LIMIT" ]; then
    cat "$markdown"
    return
  fi
  # The notice stands first: at the end it could be inside of a table or a code block. The last line
  # is dropped because it may end in the middle of a character.
  printf '%s\n\n' "$CUT_NOTICE"
  head -c "$((SUMMARY_LIMIT - ${#CUT_NOTICE} - 2))" "$markdown" | sed '$d'
}

counts() {
  local blocking reported known
  if [ ! -s "$json" ]; then
    printf 'findings=\nnew-findings=\nblocking=\npassed=false\n'
    return
  fi
  blocking=$(count blocking)
  reported=$(count reported)
  known=$(count baseline)
  echo "findings=$((blocking + reported + known))"
  echo "new-findings=$((blocking + reported))"
  echo "blocking=$blocking"
  echo "passed=$(passed)"
}

json=${REPORT_DIR:?}/seaworthy.json
markdown=$REPORT_DIR/seaworthy.md
summary >>"${GITHUB_STEP_SUMMARY:?}"
counts >>"${GITHUB_OUTPUT:?}"
