"""Runs `imagewire emulate` for tests."""

import contextlib
import json
import subprocess
import urllib.request

KEY = "k"


class Emulator:
    """A running emulator. `origin` is like http://127.0.0.1:40123."""

    def __init__(self, origin):
        self.origin = origin

    def images(self):
        """How many images would have been billed."""
        return self._ask("GET", "/_emulator/ledger")["images"]

    def next(self, kind, **settings):
        """Says what happens to the next request."""
        self._ask("POST", "/_emulator/scenarios", {"kind": kind, **settings})

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if data else {}
        request = urllib.request.Request(self.origin + path, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@contextlib.contextmanager
def emulate(*arguments):
    command = ["imagewire", "emulate", "--listen", "127.0.0.1:0", "--admin", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield Emulator(process.stdout.readline().removeprefix("listening on ").strip())
    finally:
        process.terminate()
        process.wait()
