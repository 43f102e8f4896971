#!/bin/sh
# Becomes the server.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
command -v node >/dev/null || { echo "node is not installed: https://nodejs.org" >&2; exit 127; }
main=$here/app/main.js
# Node 22.18 and later run TypeScript as it is.
[ ! -e "$here/app/main.ts" ] || main=$here/app/main.ts
exec node "$main" "$@"
