#!/bin/sh
# The start step of a graded run.
exec python3 -u "$(dirname "$0")/../app/main.py" "$@"
