"""What the event engine makes of every measured run, once: it takes longer than all else here."""

import pytest

from farflung.evidence import event_validation, validation


@pytest.fixture(scope="session")
def events():
    return event_validation.validate_events()


@pytest.fixture
def events_at_hand(events, monkeypatch):
    """Let the command find them done."""
    monkeypatch.setattr(validation, "validate_events", lambda **_: events)
