"""Does what docs/guide/testing.md says, in each language: writes its files and runs its commands, unchanged.

usage: guide.py WORKSPACE FOLDER

A block belongs to the heading above it. Its first line names its file; blocks of `bash` are run in that folder.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

LANGUAGES = ["Rust", "Python", "Node"]
REPOSITORY = "https://github.com/imagewire/imagewire"


def blocks(page):
    """(heading, language, text) of each block."""
    heading = None
    for match in re.finditer(r"^## ([^\n]*)$|^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        if match[1]:
            heading = match[1]
        else:
            yield heading, match[2], match[3]


def at_home(workspace, folder):
    """The one thing that is not as the page says: the repository is the one at hand, and so is what is built of it."""
    manifest = folder / "Cargo.toml"
    text = re.sub(
        rf'imagewire-(\w+) = \{{ git = "{REPOSITORY}" \}}',
        rf'imagewire-\1 = {{ path = "{workspace}/crates/\1" }}',
        manifest.read_text(),
    )
    assert REPOSITORY not in text
    profiles = re.search(r"^\[profile.*", (workspace / "Cargo.toml").read_text(), re.MULTILINE | re.DOTALL)
    manifest.write_text(f"{text}\n{profiles[0]}\n[workspace]\n")
    shutil.copy(workspace / "Cargo.lock", folder)
    os.environ["CARGO_TARGET_DIR"] = str(workspace / "target")


def main():
    workspace, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    page = (workspace / "docs/guide/testing.md").read_text()
    found = list(blocks(page))
    failed = False
    for language in LANGUAGES:
        place = folder / language.lower()
        place.mkdir(parents=True)
        commands = []
        for heading, kind, text in found:
            if heading != language:
                continue
            if kind == "bash":
                commands.append(text)
                continue
            name = re.match(r"(?:#|//) (\S+)\n", text)[1]
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text(text)
        if language == "Rust":
            at_home(workspace, place)
        assert commands, f"the page does not say how to run {language}"
        codes = [subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=place).returncode for text in commands]
        print(f"{language}: {'failed' if any(codes) else 'as the page says'}", flush=True)
        failed |= any(codes)
    sys.exit(failed)


if __name__ == "__main__":
    main()
