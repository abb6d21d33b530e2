"""The app itself, and its way into the terminal and out of it."""
