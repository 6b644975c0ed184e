"""Copies the protos that a project with generated clients needs into one folder of its own.

These are ours, and those of Google that they import or that errors carry; the latter come from the
Python package googleapis-common-protos, so that nothing has to be fetched. The well-known types in
google/protobuf are left out: every compiler brings its own.
"""

import argparse
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

PROTOS = Path(__file__).resolve().parent.parent / "protos"
# What the details of errors are; no proto of ours imports it, and every client may want it.
DETAILS = "google/rpc/error_details.proto"
# An import of one of Google's protos.
IMPORT = re.compile(
    r'^import (?:public |weak )?"(google/(?!protobuf/)[\w/]+\.proto)";', re.MULTILINE
)


def main() -> int:
    """Write the files, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="made if need be; becomes an include path")
    parser.add_argument("--google-only", action="store_true", help="leave out our own")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    ours = sorted(PROTOS.glob("ringback/**/*.proto"))
    google = _source()
    copies = {name: google / name for name in _imported(ours, google)}
    if not arguments.google_only:
        copies |= {path.relative_to(PROTOS).as_posix(): path for path in ours}
    for name, path in sorted(copies.items()):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return 0


def _source() -> Path:
    """Return the folder that holds google/api, where the package is installed."""
    spec = find_spec("google.api")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("googleapis-common-protos is not installed; run make setup, or pip install it")
    return Path(next(iter(spec.submodule_search_locations))).parent.parent


def _imported(ours: list[Path], google: Path) -> set[str]:
    """Return what our protos and their clients need of Google's, and what that imports in turn."""
    found = {DETAILS}
    unread = [google / DETAILS, *ours]
    while unread:
        for name in IMPORT.findall(unread.pop().read_text()):
            if name not in found:
                found.add(name)
                unread.append(google / name)
    return found


if __name__ == "__main__":
    sys.exit(main())
