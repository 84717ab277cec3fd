"""What is asked of a site from outside: whether it lives, whether it may have traffic, and its numbers."""
