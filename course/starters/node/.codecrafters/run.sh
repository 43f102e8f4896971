#!/bin/sh
# The start step of a graded run.
main=$(dirname "$0")/../app/main.js
[ ! -e "${main%.js}.ts" ] || main=${main%.js}.ts
exec node "$main" "$@"
