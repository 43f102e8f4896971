"""A server with room for one client, and no words for it yet. `make test` says what it lacks."""

import signal
import socket
import sys


def port():
    """The number behind --port, or Redis's own."""
    words = sys.argv
    return int(words[words.index("--port") + 1]) if "--port" in words else 6379


listener = socket.socket()
listener.bind(("127.0.0.1", port()))
listener.listen()
client, _ = listener.accept()
# One is enough: the door is closed.
listener.close()
while True:
    signal.pause()
