"""Asks the server of this image whether it is healthy: once for the engine, or until it is, `health.py SECONDS`."""

import socket
import sys
import time

PORT = 8080


def healthy():
    """Tell whether /ping answers 200."""
    try:
        with socket.create_connection(("127.0.0.1", PORT), 3) as connection:
            connection.sendall(b"GET /ping HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def main():
    """Give 0 for healthy, 1 for not."""
    deadline = time.monotonic() + float(sys.argv[1] if len(sys.argv) > 1 else 0)
    while not healthy():
        if time.monotonic() >= deadline:
            sys.stdout.write("/ping does not answer\n")
            return 1
        time.sleep(0.03)
    return 0


if __name__ == "__main__":
    sys.exit(main())
