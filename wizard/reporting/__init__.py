"""A migration told in lines, in JSON, and as a diagnosis for a bug report."""
