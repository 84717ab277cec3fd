"""Files over HTTP: had in parts and resumed, sent in pieces and resumed, and a page for people."""
