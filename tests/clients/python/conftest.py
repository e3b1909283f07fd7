"""Emulators for the tests of this folder."""

import contextlib

import pytest
from emulator import emulate

# Azure's deployments have names of their own; these say which model each serves.
DEPLOYMENTS = ["--deployment=old=dall-e-3", "--deployment=draw=gpt-image-2"]


@pytest.fixture(scope="session")
def emulators():
    """One emulator for each service, started when it is first needed."""
    with contextlib.ExitStack() as running:
        started = {}

        def of(dialect):
            if dialect not in started:
                started[dialect] = running.enter_context(emulate("--dialect", dialect, *DEPLOYMENTS))
            return started[dialect]

        yield of
