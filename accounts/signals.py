"""The doorbell of this app: rung inside the transaction; listeners look at the rows."""

from django.dispatch import Signal

# `user`, the `address` that was verified just now, and the `request` in which it was.
email_verified = Signal()
