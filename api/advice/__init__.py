"""The stateless service: one participant's signals in, one recommendation out."""
