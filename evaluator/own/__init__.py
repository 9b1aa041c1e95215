"""A reader's own data: a corpus with questions, evaluated as a task of the board is, told in one HTML file."""
