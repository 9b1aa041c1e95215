"""Another web site: a page of one's own at `localhost`, which is another site than the board at 127.0.0.1."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class ForeignSite:
    """Serves an empty page, and notes the cookies that come with requests to /seen."""

    url: str
    """The site's address, on `localhost`."""
    beside: str
    """The same server on the board's host: the browser sends it the board's cookies (they know no ports)."""
    cookies: list[str] = field(default_factory=list)


@contextlib.contextmanager
def foreign_site() -> Iterator[ForeignSite]:
    """A foreign site on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/seen":
                site.cookies.append(self.headers.get("cookie", ""))
            page = b"<!doctype html><title>foreign</title><body></body>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    site = ForeignSite(f"http://localhost:{port}/", f"http://127.0.0.1:{port}/")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
