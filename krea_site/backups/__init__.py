"""Backups: the database of one moment, and every file that its rows name; put back with proof.

A folder holds any number of dated sets and one shelf of pictures for all of them. Pictures are named by the hash of
their content, so the next set copies only what is new. docs/operations.md says what is not in a backup.
"""
