"""What is known: result files, and the board that is made of them."""
