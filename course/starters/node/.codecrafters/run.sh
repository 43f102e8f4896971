#!/bin/sh
# The start step of a graded run.
exec node "$(dirname "$0")/../app/main.js" "$@"
