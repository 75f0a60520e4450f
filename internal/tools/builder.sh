#!/bin/bash
# Builds a collector from a manifest of the Collector's builder:
#   builder.sh MANIFEST FOLDER PROGRAM
# FOLDER is the manifest's output_path, seen from the repository's root. The builder writes
# the source and compiling it here shares Go's build cache with everything else.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD manifest=$1 folder=$2 program=$3
mkdir -p "$folder"
cp go.sum "$folder" # the checksums of what the repository uses are known
cd "$(dirname "$manifest")"
"$root/bin/tools/builder" --config "$(basename "$manifest")" --skip-strict-versioning --skip-compilation
cd "$root/$folder"
go build -tags full -o "$root/$program" .
