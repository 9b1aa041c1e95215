"""What is shown: the board in the browser, its data and files, the API, badges. Imports what is known, never back."""
