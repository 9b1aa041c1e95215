"""The desk: what the page tells of one submission, and what people may do with it there."""
