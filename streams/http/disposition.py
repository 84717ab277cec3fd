"""``Content-Disposition``: the name under which a browser saves.  Source: RFC 6266 4.3 and appendix D, RFC 8187."""

import re
import unicodedata
from urllib.parse import quote

_UNSAFE = re.compile(r'[^ -~]|["\\%/:*?<>|]')  # a per cent sign some browsers would decode
_ATTR_CHARS = "!#$&+-.^_`|~"  # of RFC 8187, beside letters and digits


def attachment(name: str) -> str:
    """The header's value for a name that may have any character: in ASCII for old clients, then as it is."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _UNSAFE.sub("_", plain).strip(" ").lstrip(".") or "file"  # letters may have become separators
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"
