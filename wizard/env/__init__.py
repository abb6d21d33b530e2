"""An instance's `.env`: the file, its lines, and what each of its readers makes of them."""
