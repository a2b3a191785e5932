"""Errors a user reads: what is wrong, why, and the nearest valid value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """A scenario, file or argument cannot be used as given.

    Parameters
    ----------
    field
        Dotted name of the field, as the user writes it (``network.upload``), or the file's name.
    problem
        What is wrong and why.
    nearest
        The nearest valid value, in the user's own notation.

    Notes
    -----
    Every face prints ``str(error)`` and nothing else; the command line exits with code 2.
    """

    def __init__(self, field: str, problem: str, nearest: str | None = None) -> None:
        self.field = field
        self.problem = problem
        self.nearest = nearest
        hint = f"; nearest valid: {nearest}" if nearest else ""
        super().__init__(f"{field}: {problem}{hint}" if field else f"{problem}{hint}")


_LONGEST = 80
"""Characters of a misspelt word that are looked at."""


def closest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice most like ``word``, compared without case, spaces or punctuation."""

    def plain(text: str) -> str:
        return "".join(character for character in text.casefold() if character.isalnum())

    known: dict[str, str] = {}
    for choice in choices:
        known.setdefault(plain(choice), choice)
    meant = plain(word[:_LONGEST])
    # Half a name is a better guess than another name of the same length: 'A100' is 'A100 80GB', not 'B100'.
    starting = [one for one in known if meant and (one.startswith(meant) or meant.startswith(one))]
    found = starting or difflib.get_close_matches(meant, known, n=1, cutoff=0.5)
    return known[min(found, key=lambda one: abs(len(one) - len(meant)))] if found else None


def unknown(field: str, kind: str, word: str, choices: Iterable[str]) -> InputError:
    """Return the error for a name that is not among ``choices``, with the likeliest meant one."""
    known = sorted(choices)
    guess = closest(word, known)
    if guess is not None:
        return InputError(field, f"unknown {kind} '{word}': did you mean '{guess}'?")
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return InputError(field, f"unknown {kind} '{word[:_LONGEST]}'", nearest=f"one of {shown}")


_MOST_LISTED = 12
"""Choices that an error names."""


def checked_choice(value: str, choices: tuple[str, ...]) -> str:
    """Return a word that is one of the choices.

    Raises
    ------
    InputError
        If it is not; the error names the most similar choice.
    """
    if value not in choices:
        listed = ", ".join(choices[:_MOST_LISTED]) + (", …" if len(choices) > _MOST_LISTED else "")
        raise InputError("", f"'{value}' is not one of {listed}", closest(value, choices) or choices[0])
    return value
