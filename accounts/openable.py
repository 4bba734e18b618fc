"""Whether the secrets of second factors can still be opened, for the proof after a restore."""

from collections.abc import Iterator

from allauth.mfa.models import Authenticator

from . import sealed


def factors() -> Iterator[tuple[str, bool]]:
    """Each sealed second factor by its id, and whether it opens. Passkeys have no secret here."""
    for row in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).order_by("pk").iterator():
        sealed_texts = [text for name in ("secret", "seed") if isinstance(text := row.data.get(name), str)]
        yield f"second factor {row.pk}", all(map(sealed.opens, sealed_texts))
