"""What tests share: instances and checkouts to work on, contexts, users, programs."""
