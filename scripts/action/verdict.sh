#!/usr/bin/env bash
# Ends the job with the exit code of the audit.
set -euo pipefail

case "${EXIT_CODE:-}" in
  0) ;;
  1) echo "::error title=seaworthy::Blocked: see the job summary." ;;
  3) echo "::error title=seaworthy::Incomplete: something that was asked for was not audited. See the job summary." ;;
  *) echo "::error title=seaworthy::The audit could not run. See the log." ;;
esac
exit "${EXIT_CODE:-2}"
