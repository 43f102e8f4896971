#!/bin/sh
# Becomes the server. -u: what it prints is seen at once.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
command -v python3 >/dev/null || { echo "python3 is not installed: https://www.python.org" >&2; exit 127; }
exec python3 -u "$here/app/main.py" "$@"
