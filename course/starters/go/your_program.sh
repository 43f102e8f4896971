#!/bin/sh
# Builds quietly if a source is newer than the program, then becomes the server.
set -e
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
command -v go >/dev/null || { echo "go is not installed: https://go.dev/dl" >&2; exit 127; }
program=$here/build/my-redis
sources() { find "$here" \( -name build -o -name '.*' ! -path "$here" \) -prune -o \( -name '*.go' -o -name 'go.*' \) "$@"; }
if [ -n "$(sources -newer "$program" -print 2>&1)" ]; then
	mkdir -p "$here/build"
	(cd "$here" && go build -o "$program.$$" ./app)
	mv "$program.$$" "$program"
fi
exec "$program" "$@"
