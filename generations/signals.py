"""The doorbell of this app: rung inside the transaction, without content; listeners look at the rows."""

from django.dispatch import Signal

generation_changed = Signal()  # generation_id
generations_erased = Signal()  # generation_ids; their prompts and settings are gone
