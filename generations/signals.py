"""The doorbell of this app: rung inside the transaction, without content; listeners look at the rows."""

from django.dispatch import Signal

generation_changed = Signal()  # generation_id
generation_settled = Signal()  # generation, captured; behind the ledger, with the wallet locked
generations_erased = Signal()  # generation_ids; their prompts and settings are gone
