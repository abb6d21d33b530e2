"""How fast the copy is, beside its peers, on the same files and the same servers."""
