"""The domain of Kail: a programme as data, a participant's facts, and what follows from both.

`load_programme` and `rules_on` give the rules of a day, `read_participant` reads facts, `recommend` and
`recommend_many` answer. Standard library and numpy only; no clock, no randomness, no database, no network.
"""
