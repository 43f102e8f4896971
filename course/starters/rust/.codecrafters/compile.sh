#!/bin/sh
# The build step of a graded run.
set -e
cd "$(dirname "$0")/.."
cargo build --release --target-dir /tmp/codecrafters-build-my-redis
