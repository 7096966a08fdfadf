"""The ground that everything stands on: what is live, refusals, who acts, database, keys, the transaction of a use case."""
