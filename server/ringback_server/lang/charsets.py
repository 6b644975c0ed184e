"""Character sets by their IANA names, of which a fixed list is known.

Python's own look-up of codecs would accept what is no character set, and remember every name it
was ever asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ISO_8859 = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)
_WINDOWS = range(1250, 1259)

#: names in lower case, and Python's names
_CODECS: Mapping[str, str] = MappingProxyType(
    {
        "utf-8": "utf-8",
        "utf8": "utf-8",
        "utf-16": "utf-16",
        "utf-16be": "utf-16-be",
        "utf-16le": "utf-16-le",
        "utf-32": "utf-32",
        "utf-32be": "utf-32-be",
        "utf-32le": "utf-32-le",
        "us-ascii": "ascii",
        "ascii": "ascii",
        "latin1": "iso8859-1",
        **{f"iso-8859-{number}": f"iso8859-{number}" for number in _ISO_8859},
        **{f"windows-{number}": f"cp{number}" for number in _WINDOWS},
        "big5": "big5",
        "euc-jp": "euc_jp",
        "euc-kr": "euc_kr",
        "gb18030": "gb18030",
        "gb2312": "gb2312",
        "gbk": "gbk",
        "ibm437": "cp437",
        "ibm850": "cp850",
        "iso-2022-jp": "iso2022_jp",
        "koi8-r": "koi8-r",
        "koi8-u": "koi8-u",
        "macintosh": "mac-roman",
        "shift_jis": "shift_jis",
    }
)


def codec_of(charset: str) -> str | None:
    """Return Python's name of a character set, or None if it is not known."""
    return _CODECS.get(charset.lower())
