"""Copies the protos of Google that clients of ours need, for compilers of other languages.

They come from the Python package googleapis-common-protos, so that nothing has to be fetched. The
well-known types in google/protobuf are left out: every compiler brings its own.
"""

import argparse
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
# Where buf.yaml looks for them.
FOLDER = ROOT / ".googleapis"
# What the details of errors are; no proto of ours imports it, and every client may want it.
DETAILS = "google/rpc/error_details.proto"
# An import of one of Google's protos.
IMPORT = re.compile(
    r'^import (?:public |weak )?"(google/(?!protobuf/)[\w/]+\.proto)";', re.MULTILINE
)


def main() -> int:
    """Write the files, print the folder, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder: Path = parser.parse_args().folder
    source = _source()
    wanted = _imported(source)
    for name in sorted(wanted):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target)
    print(folder)
    return 0


def _source() -> Path:
    """Return the folder that holds google/api, where the package is installed."""
    spec = find_spec("google.api")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("googleapis-common-protos is not installed; run make setup, or pip install it")
    return Path(next(iter(spec.submodule_search_locations))).parent.parent


def _imported(source: Path) -> set[str]:
    """Return what our protos and their clients need, and what that imports in turn."""
    found = {DETAILS}
    unread = [source / DETAILS, *sorted(PROTOS.glob("ringback/**/*.proto"))]
    while unread:
        for name in IMPORT.findall(unread.pop().read_text()):
            if name not in found:
                found.add(name)
                unread.append(source / name)
    return found


if __name__ == "__main__":
    sys.exit(main())
