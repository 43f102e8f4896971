#!/bin/sh
# Builds Redstart quietly, then becomes it. The caller's working directory stays as it is.
set -e
root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cargo build --quiet --release --manifest-path "$root/Cargo.toml" --target-dir "$root/target"
exec "$root/target/release/redstart" "$@"
