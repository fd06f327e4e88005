#!/usr/bin/env bash
# version.sh TAG: fails unless the tag names the version of Cargo.toml and the changelog has it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tag=$1
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
[ "$tag" = "v$version" ] || { echo "the tag is $tag, Cargo.toml says $version" >&2; exit 1; }
grep -qF "## [$version]" CHANGELOG.md || { echo "CHANGELOG.md has no section [$version]" >&2; exit 1; }
