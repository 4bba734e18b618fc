"""Oxen's dialect: its inference API as far as it draws pictures."""
