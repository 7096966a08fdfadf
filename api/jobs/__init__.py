"""Jobs: what takes long, asked for and looked at; and the process that does it."""
