"""A file that somebody edits: what it says each time it was saved."""

from __future__ import annotations

from pathlib import Path


class SavedFile:
    """Looks whether a file was saved.

    It is one file that is looked at, so a look at its time and size a few times a second costs
    nothing, and works for every editor, file system and container, where notices from the operating
    system do not: editors replace files, and mounts of other machines send none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state: tuple[int, int, int] | None = None
        self._text: str | None = None

    def saved(self) -> str | None:
        """Return the text if it differs from that of the last look, else None.

        Raises OSError or UnicodeDecodeError, once for each reason, when it cannot be read.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            # Between the two halves of a save, or for good: both end with another state.
            if self._state is None:
                return None
            self._state = None
            raise
        state = (found.st_mtime_ns, found.st_size, found.st_ino)
        if state == self._state:
            return None
        self._state = state
        text = self.path.read_text(encoding="utf-8")
        if text == self._text:
            return None
        self._text = text
        return text

    def forget(self) -> None:
        """Return the text again, as if it had been saved."""
        self._state = self._text = None
