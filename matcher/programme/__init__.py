"""A programme: a folder of dated TOML, read, checked, and compiled for a day."""
