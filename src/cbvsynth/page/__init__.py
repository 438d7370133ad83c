"""The page: an examination is dropped onto it, and its map is looked at, measured and taken away.

It has no logic of its own: reading, recognition, registration, brain mask and synthesis are the client's.
"""
