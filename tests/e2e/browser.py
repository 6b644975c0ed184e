"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.waiting import PATIENCE

CHROMIUM = shutil.which("chromium")
#: no sandbox, because containers that run tests have no privileges to make one; nothing from afar
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@contextmanager
def browsing(profile: Path) -> Generator[Page]:
    """Open a page in a browser with a new profile; skips the test where there is no browser."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium; scripts/install_browser.sh installs it")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=FLAGS, timeout=3 * PATIENCE * 1000
        ) as context,
    ):
        context.set_default_timeout(PATIENCE * 1000)
        yield context.new_page()
