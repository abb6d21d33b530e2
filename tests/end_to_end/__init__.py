"""Whole migrations, killed and resumed."""
