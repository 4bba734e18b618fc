"""Local stand-ins for the outside parties: separate processes that speak their protocols over real HTTP."""
