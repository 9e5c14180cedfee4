"""How many bytes clients may make the site hold: what came of a body, and what was not read of an answer.

A hundred clients who sent a fleet of 5 MB each and read the answers slowly held 2 GB. Where there is too much, the answer that has one reader
and has been read for longest is given up: who reads as quickly as a mobile telephone has read all of it before.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

PLACE: Final = "hotpatch_kb_place"  # of a request, in its scope
MAX_HELD: Final = 100_000_000  # bytes
SMALL: Final = 100_000  # bytes; what is smaller is not counted: 150 connections hold at most 15 MB of it


class GivenUp(Exception):
    """A request was given up to make room."""


class Place:
    """What one request holds."""

    def __init__(self, number: int) -> None:
        """Take how many requests came before."""
        self.number = number
        self.task = asyncio.current_task()
        self.objects: dict[int, int] = {}  # bytes by the object's id: those of an answer that is kept are one object for all its readers
        self.is_given_up = False


class Room:
    """The room of one site."""

    def __init__(self, most: int = MAX_HELD) -> None:
        """Take how many bytes there may be."""
        self.most, self.size = most, 0
        self._numbers = itertools.count()
        self._places: set[Place] = set()
        self._readers: dict[int, list[int]] = {}  # by an object's id: its bytes, and how many hold it

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Provide the place of a request until the block ends.

        Raises:
            GivenUp: it was given up to make room for others.
        """
        place = Place(next(self._numbers))
        self._places.add(place)
        try:
            yield place
        except asyncio.CancelledError:
            if not place.is_given_up or place.task is None:
                raise
            place.task.uncancel()
            raise GivenUp from None
        finally:
            self._places.discard(place)
            self._drop(place)

    def hold(self, place: Place, body: object, size: int) -> None:
        """Note that a request holds so many bytes of an object, and make room if there is too much."""
        if size < SMALL or place.is_given_up:
            return
        key = id(body)
        if key in place.objects:
            grown = size - place.objects[key]
            self._readers[key][0] += grown
        else:
            known = self._readers.setdefault(key, [size, 0])
            known[1] += 1
            grown = size if known[1] == 1 else 0
        place.objects[key] = size
        self.size += grown
        while self.size > self.most and (others := [one for one in self._places if one.objects and not one.is_given_up]):
            self._give_up(min(others, key=lambda one: (min(self._readers[key][1] for key in one.objects), one is place, one.number)))

    def _give_up(self, place: Place) -> None:
        place.is_given_up = True
        self._drop(place)
        if place.task is not None:
            place.task.cancel()

    def _drop(self, place: Place) -> None:
        for key in place.objects:
            known = self._readers[key]
            known[1] -= 1
            if known[1] == 0:
                self.size -= known[0]
                del self._readers[key]
        place.objects = {}


def room(datasette: Any) -> Room:
    """Return the room of a site."""
    kept: Room = datasette.__dict__.setdefault("_hotpatch_kb_room", Room())
    return kept
