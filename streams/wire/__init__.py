"""Values to bytes and back; pure. Bytes from outside become values here, once."""
