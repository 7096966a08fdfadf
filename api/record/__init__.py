"""The ground of the record: refusals, who acts, database, keys, and the transaction of a use case."""
