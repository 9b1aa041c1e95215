"""What stands behind a number: its samples, its interval, its environment, and whether it comes out again."""
