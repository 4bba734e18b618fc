"""Stripe's resources, one file each, of one shape: what a call may say, the calls, the making of a new object."""
