#!/usr/bin/env bash
# pins.sh TAG REPOSITORY-URL SHA256SUMS: prints the rows for the table in scripts/action/install.sh.
set -euo pipefail

tag=$1 repository=$2 sums=$3
cat <<'HEAD'
Put these rows first into `pinned_releases` of `scripts/action/install.sh`:

```text
HEAD
while read -r sha256 archive; do
  target=${archive#"seaworthy-$tag-"}
  echo "${tag#v} ${target%.tar.gz} $sha256 $repository/releases/download/$tag/$archive"
done <"$sums"
echo '```'
