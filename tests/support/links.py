#!/usr/bin/env python3
"""Every relative link of every document leads to a file. Usage: links.py ROOT; exits 1 and names each that does not."""
import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def documents(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        return [root / name for name in listed.stdout.split("\0") if name]
    return [path for path in root.rglob("*.md") if "node_modules" not in path.parts]  # a tree without git


def faults(root):
    for path in documents(root):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if "://" not in target and not (path.parent / target).exists():
                    yield f"{path.relative_to(root)}:{number}: {target} leads nowhere"


found = list(faults(pathlib.Path(sys.argv[1])))
print("\n".join(found) or "every link leads somewhere")
sys.exit(bool(found))
