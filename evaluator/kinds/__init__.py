"""One module a kind of task; each turns rows into texts to embed, and embeddings into metrics."""
