"""A local stand-in for Stripe: `python -m standins.stripe`. README.md says what it does."""
