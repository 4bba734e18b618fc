"""Tables of the product as staff may look at them: one file for each part, registered by krea_site/admin.py."""
