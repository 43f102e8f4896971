#!/bin/sh
# Builds quietly if a source is newer than the program, then becomes the server.
set -e
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
command -v cc >/dev/null || { echo "no C compiler (cc) is installed" >&2; exit 127; }
program=$here/build/my-redis
if [ -n "$(find "$here/src" -newer "$program" 2>&1)" ]; then
	mkdir -p "$here/build"
	cc -std=gnu11 -O1 -g -Wall -pthread -o "$program.$$" "$here"/src/*.c
	mv "$program.$$" "$program"
fi
exec "$program" "$@"
