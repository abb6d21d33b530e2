"""A BookWyrm checkout, and how it is run; `compose/` and `dockerless/` stand side by side."""
