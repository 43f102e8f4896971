#!/bin/sh
# The build step of a graded run.
set -e
cd "$(dirname "$0")/.."
cc -std=gnu11 -O2 -pthread -o /tmp/codecrafters-build-my-redis src/*.c
