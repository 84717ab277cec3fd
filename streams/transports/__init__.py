"""The techniques: each a thin adapter from a cursor to the bytes of its protocol."""
