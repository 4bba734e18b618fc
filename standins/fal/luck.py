"""Numbers that look like chance and are always the same for the same text."""

import hashlib


def digest(text: str) -> int:
    """64 bits."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def fraction(text: str) -> float:
    """From 0 to 1."""
    return digest(text) / 2**64
