"""People, for staff: finding one, everything about them on one page, and the levers that act on them."""
