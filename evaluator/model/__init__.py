"""From a repository to vectors: fetch it, find out what its card says, load it, encode a batch with it."""
