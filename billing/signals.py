"""The doorbells: rung inside the transaction, without content; listeners look at the rows.

`wallet_moved` is sent with `user_id` before the wallet's row is locked, since a listener that takes a lock
(the customer's event sequence) must take it first: see docs/decisions/0001-lock-order.md.
"""

from django.dispatch import Signal

wallet_moved = Signal()

purchase_paid = Signal()  # with `purchase_id`: it was credited
purchase_ended = Signal()  # with `purchase_id`: it failed or was abandoned
subscription_behind = Signal()  # with `subscription_id`: a renewal could not be paid
purchase_reversed = Signal()  # with `user_id`: a refund or a dispute took of the wallet
dispute_opened = Signal()  # with `reversal_id`: a customer's bank took money back
top_up_ended = Signal()  # with `top_up_id`: it succeeded, was declined, or needs the customer
top_up_switched_off = Signal()  # with `user_id`: auto top-up was switched off, and not by them
top_up_ceiling_reached = Signal()  # with `user_id`: it would have fired, and the ceiling of the month leaves no room
balance_low = Signal()  # with `user_id`: less is available than the customer wants to be told of

task_wanted = Signal()  # with `task`, a name of `billing.nudges`, and `args`: a worker is to look at a row soon
