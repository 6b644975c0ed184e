"""Install the programs of all languages, or of some, and run their tests: `make interop`."""

from __future__ import annotations

import argparse
import sys
import time

import pytest

from tests.interop.generated.programs import PROGRAMS as GENERATED
from tests.interop.google.programs import PROGRAMS as GOOGLE
from tests.interop.issuer.programs import PROGRAMS as ISSUERS
from tests.interop.programs import REQUIRE, ROOT, InstallationError, installed, required

PROGRAMS = (*GOOGLE, *GENERATED, *ISSUERS)
LANGUAGES = tuple(dict.fromkeys(program.language for program in PROGRAMS))


def main() -> int:
    """Return the exit code of the tests; 1 when something could not be installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.interop", description=__doc__)
    parser.add_argument(
        "languages", nargs="*", metavar="LANGUAGE", help=f"of {', '.join(LANGUAGES)}; default: all"
    )
    asked = parser.parse_args().languages
    if unknown := set(asked) - set(LANGUAGES):
        parser.error(f"no programs in {', '.join(sorted(unknown))}: try {', '.join(LANGUAGES)}")
    chosen = [program for program in PROGRAMS if program.language in (asked or LANGUAGES)]
    skipped: list[str] = []
    for program in chosen:
        began = time.monotonic()
        if why := program.missing():
            skipped.append(why)
            continue
        try:
            new = installed(program)
        except InstallationError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        said = f"installed in {time.monotonic() - began:.0f} s" if new else "is installed"
        sys.stdout.write(f"{program.name} {said}\n")
        sys.stdout.flush()
    if skipped and required():
        sys.stderr.write("".join(f"{why}, and {REQUIRE} is set\n" for why in skipped))
        return 1
    names = " or ".join(program.name for program in chosen)
    code = pytest.main([str(ROOT / "tests" / "interop"), "-q", "-k", names])
    sys.stdout.write("".join(f"skipped: {why}\n" for why in skipped))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
