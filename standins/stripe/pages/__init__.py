"""What people see of the stand-in: the pages that Stripe hosts for a shop, and a dashboard for whoever develops.

Pages show the world and call the same functions that the API and /__control call; nothing is decided here.
"""
