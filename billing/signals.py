"""The doorbell: rung inside the transaction, without content; listeners look at the rows.

`wallet_moved` is sent with `user_id` before the wallet's row is locked, since a listener that takes a lock
(the customer's event sequence) must take it first: see docs/decisions/0001-lock-order.md.
"""

from django.dispatch import Signal

wallet_moved = Signal()
