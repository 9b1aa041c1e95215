"""What the stand-in answers when it does not do what it was asked."""


class HubError(Exception):
    """An answer other than success: HTTP status, the Hub's X-Error-Code, a message."""

    def __init__(self, status: int, code: str | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
