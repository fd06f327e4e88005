#!/usr/bin/env bash
# pack.sh TAG TARGET FOLDER: packs the binary of a `dist` build with its licences into one archive.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tag=$1 target=$2 folder=$3
suffix=""
case "$target" in *windows*) suffix=.exe ;; esac

mkdir -p "$folder/content"
cp "target/$target/dist/seaworthy$suffix" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$folder/content"
tar -czf "$folder/seaworthy-$tag-$target.tar.gz" -C "$folder/content" .
rm -r "$folder/content"
