"""Notes every host name that a process looks up, in the file $LOOKUPS_FILE; put on PYTHONPATH by a test."""

import os
import socket
from pathlib import Path
from typing import Any

_look_up = socket.getaddrinfo
_file = Path(os.environ["LOOKUPS_FILE"])
_own = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0"}


def _noting(host: Any, *given: Any, **named: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in _own:
        with _file.open("a") as file:
            file.write(f"{name}\n")
    return _look_up(host, *given, **named)


socket.getaddrinfo = _noting
