"""``/diagnostics/``: small streams and sockets that show a visitor what the proxies on the way do to them."""
