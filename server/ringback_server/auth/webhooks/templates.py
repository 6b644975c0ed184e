"""What a generic HMAC signs, as text with placeholders."""

from __future__ import annotations

import re
from typing import Final

from ringback_server.auth.webhooks.message import SignedMessage

_PLACE: Final = re.compile(r"\{([a-z]*)\}")
_LONGEST: Final = 200
_KNOWN: Final = frozenset({"body", "timestamp", "id", "method", "path"})


def check_template(template: str, *, timestamp: bool, id_: bool) -> None:
    """Raise ValueError, which says what to write, for content that would not be safe to trust.

    Whatever is read from headers has to be signed: `timestamp` and `id_` say what is.
    """
    if len(template) > _LONGEST or not template.isascii():
        raise ValueError(f"it is ASCII text of at most {_LONGEST} characters")
    places, rest = _PLACE.findall(template), _PLACE.sub("", template)
    if not _KNOWN.issuperset(places) or "{" in rest or "}" in rest:
        raise ValueError("it may have {body}, {timestamp}, {id}, {method} and {path}")
    for place, there in (("body", True), ("timestamp", timestamp), ("id", id_)):
        if places.count(place) != int(there):
            raise ValueError(
                f"it must have {{{place}}} once"
                if there
                else f"it has {{{place}}}, and no header is named that has it"
            )


def filled(template: str, message: SignedMessage, *, timestamp: str, id_: str) -> bytes:
    """Return what a message should have signed."""
    texts = {
        "timestamp": timestamp,
        "id": id_,
        "method": message.method,
        "path": message.target,
    }
    before, _, after = template.partition("{body}")

    def fill(part: str) -> bytes:
        return _PLACE.sub(lambda match: texts[match[1]], part).encode("latin-1", "replace")

    return fill(before) + message.body + fill(after)
