"""Names of files: what a person may call one, made safe for every disk.  Source: RFC 6266 4.3."""

import mimetypes
import re
import unicodedata

from streams.models.file import MAX_NAME_BYTES

FALLBACK = "file"
_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')  # what Windows refuses, the separators of paths among it
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # controls, marks that turn text around, halves of pairs, line ends
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³])(?= *(\.|$))", re.IGNORECASE)
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters that are seen as nothing
_TEXT_TYPES = {".csv": "text/csv", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson"}


def clean_name(name: str) -> str:
    """``name`` as it will be known: one line, no path, no device, at most ``MAX_NAME_BYTES`` of UTF-8.

    What is left of a name without a good character is ``file``.
    """
    text = unicodedata.normalize("NFC", name)
    text = text.replace("\\", "/").rpartition("/")[2]  # old browsers send the whole path
    text = "".join(letter for letter in text if unicodedata.category(letter) not in _HIDDEN and letter not in _BLANK)
    text = _FORBIDDEN.sub("_", text).strip()
    while text != (text := text.rstrip(".").rstrip()):
        pass
    if text.strip("._ ") == "":
        text = FALLBACK
    if _DEVICE.match(text):
        text = f"_{text}"
    return shortened(text, MAX_NAME_BYTES)


def shortened(name: str, max_bytes: int) -> str:
    """``name`` with at most that many bytes of UTF-8; it keeps its extension."""
    if len(name.encode()) <= max_bytes:
        return name
    stem, extension = split_extension(name)
    room = max_bytes - len(extension.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + extension


def split_extension(name: str) -> tuple[str, str]:
    """``("report.final", ".csv")``; a long extension, or one at the beginning, is none."""
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or len(extension.encode()) > 16:
        return name, ""
    return stem, f".{extension}"


def numbered(name: str, number: int) -> str:
    """``report (2).csv``: what a second file of that name is called."""
    stem, extension = split_extension(name)
    tail = f" ({number}){extension}"
    return shortened(stem, MAX_NAME_BYTES - len(tail.encode())) + tail


def content_type_of(name: str) -> str:
    """The type by the extension; what nobody knows, and what is compressed, is ``application/octet-stream``."""
    extension = split_extension(name)[1].lower()
    guessed, encoding = mimetypes.guess_type(f"x{extension}", strict=True)
    return _TEXT_TYPES.get(extension) or (guessed if guessed and not encoding else "application/octet-stream")
