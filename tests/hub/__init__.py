"""A local stand-in of the Hub that the real clients use through HF_ENDPOINT.

`repositories` holds what is stored, `app` speaks HTTP, `server` runs it in a thread, `python -m tests.hub` on a port.
Nothing here is imported by the project.
"""
