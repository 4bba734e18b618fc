"""Mails: written down in the caller's transaction, sent by a task, tried again for two days."""

from collections.abc import Mapping

from accounts.letters import compose

__all__ = ["send"]


def send(to: str, template: str, context: Mapping[str, object], *, key: str | None = None) -> None:
    """Mail `templates/mail/<template>.txt` to one address, inside the caller's transaction: rolled back, nothing is
    ever sent. With a `key`, saying it twice mails once."""
    compose(to, f"mail/{template}.txt", context, key=key).send()
