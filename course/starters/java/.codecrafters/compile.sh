#!/bin/sh
# The build step of a graded run.
set -e
cd "$(dirname "$0")/.."
javac -nowarn -d /tmp/codecrafters-build-my-redis $(find src -name '*.java')
