"""What can be found out about an instance before anything is asked."""
