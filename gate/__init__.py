"""What stands before the web page: which addresses it answers, to whom, how much, and for how long."""
