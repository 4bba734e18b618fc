"""Generations for staff: the list of all, the whole road of each, and the levers on them."""
