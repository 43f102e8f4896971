#!/bin/sh
# Becomes the server.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
command -v node >/dev/null || { echo "node is not installed: https://nodejs.org" >&2; exit 127; }
exec node "$here/app/main.js" "$@"
