"""Whether an address may be a webhook's, as far as that can be said without asking anybody."""

from generations import safe_fetch

LONGEST = 2048
ALLOWED = f"an http or https address of at most {LONGEST} characters, open to the world"


class BadAddress(ValueError):
    """The message says what is wrong and what is allowed."""


def check(url: str) -> str:
    """The address as it is. Raises BadAddress. Names are looked up at every call, not here."""
    if len(url) > LONGEST or not url.isprintable():
        raise BadAddress(f"This is not a web address. Allowed: {ALLOWED}.")
    try:
        safe_fetch.check(url)
    except safe_fetch.FetchRefused as refused:
        raise BadAddress(refused.reason) from refused
    return url


def host(url: str) -> str:
    """The host in an address that was checked, as the call will read it; empty for one that cannot be called."""
    try:
        return safe_fetch.host(url)
    except safe_fetch.FetchRefused:
        return ""
