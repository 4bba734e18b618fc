"""The doorbell of this app: rung inside the transaction; listeners look at the rows."""

from django.dispatch import Signal

endpoint_disabled = Signal()  # endpoint_id
key_found = Signal()  # key_id
