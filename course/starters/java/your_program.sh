#!/bin/sh
# Builds quietly if a source is newer than the classes, then becomes the server.
set -e
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
command -v javac >/dev/null || { echo "javac is not installed: https://adoptium.net" >&2; exit 127; }
if [ -n "$(find "$here/src" -newer "$here/build/made" 2>&1)" ]; then
	(cd "$here" && javac -nowarn -d build.$$ $(find src -name '*.java'))
	rm -rf "$here/build"
	mv "$here/build.$$" "$here/build"
	touch "$here/build/made"
fi
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$here/build" Main "$@"
