#!/bin/sh
# The build step of a graded run.
set -e
cd "$(dirname "$0")/.."
go build -o /tmp/codecrafters-build-my-redis ./app
