#!/bin/sh
# Builds quietly, then becomes the server.
set -e
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
command -v cargo >/dev/null || { echo "cargo is not installed: https://rustup.rs" >&2; exit 127; }
cargo build --quiet --manifest-path "$here/Cargo.toml" --target-dir "$here/target"
exec "$here/target/debug/my-redis" "$@"
