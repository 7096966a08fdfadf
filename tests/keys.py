"""A person's key, which leaves the key store in tests alone: to see what could be read with it."""

from api.record.key_store import Erased


def key_of(vault, person):
    """The key of a person.

    Raises:
        Erased: if it was destroyed.
    """
    return keys_of(vault, [person])[person]


def keys_of(vault, persons):
    """The keys of those persons, all of whom must have one."""
    found = vault._keys_of(persons)
    if missing := set(persons) - set(found):
        raise Erased(missing.pop())
    return found
