"""Where the page is, as the visitor sees it."""

import re

from starlette.requests import Request

_HOST = re.compile(r"[A-Za-z0-9._-]{1,255}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,50}\](:\d{1,5})?")


def page_address(request: Request) -> str:
    """The page's own address, also behind a proxy that ends TLS, with a slash at its end.

    It is made of the request's headers, so it is fit for the answer to this request alone.
    """
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme).split(",")[0].strip()
    host = request.headers.get("x-forwarded-host") or request.headers.get("host") or request.url.netloc
    first = host.split(",")[0].strip()
    return f"{'https' if scheme == 'https' else 'http'}://{first if _HOST.fullmatch(first) else 'localhost'}/"
