#!/usr/bin/env python3
"""Holds the include lines to the arrows of src/README.md. Usage: layering.py ROOT; exits 1 and names each fault."""
import pathlib
import re
import sys

# folder -> folders of ours it may include
ARROWS = {
    "proto": {"proto"},
    "src/policy": {"src/policy", "proto"},
    "src/bridge": {"src/bridge", "src/policy", "proto"},
    "src/io": {"src/io", "src/bridge", "src/policy", "proto"},
    "src/control": {"src/control", "src/policy", "proto"},
    "src/cli": {"src/cli", "src/control", "src/policy", "proto"},
    "src/app": {"src/app", "src/cli", "src/control", "src/io", "src/bridge", "src/policy", "proto"},
    "src": {"src/app"},
}
# Plain headers of src/ itself: open to these folders.
OPEN = {
    "src/agent_holder.hpp": {"src/io", "src/control", "src"},
    "src/opener.hpp": {"src/io", "src/control", "src"},
    "src/config.hpp": {"src/policy", "src/bridge", "src/io", "src/control", "src/cli", "src/app"},
    "src/log.hpp": {"src/io", "src/control", "src/cli", "src/app", "src"},
}
# The outside world: pattern of an angle include -> folders that may say it.
OUTSIDE = [
    (r"boost/(asio|beast)", {"src/io", "src/app"}),
    (r"boost/json", {"proto", "src/io", "src/bridge", "src/cli", "src/app"}),
    (r"(glib|gio)", {"src/control", "src/cli"}),
    (r"libxml/", {"src/control"}),
    (r"libvirt(-glib)?/", {"src/control"}),
    (r"spice/", {"proto"}),
    (r"openssl/", {"src/io"}),
    (r"sasl/", {"src/io"}),
    (r"(sys/socket|unistd|fcntl|termios|poll|iostream|fstream|thread|mutex)(\.h)?$",
     {"src/io", "src/control", "src/cli", "src/app", "src"}),
]


def folder_of(path):
    parts = path.parts
    return "proto" if parts[0] == "proto" else "/".join(parts[:2]) if len(parts) > 2 else "src"


def faults(root):
    for path in sorted([*root.glob("proto/**/*.[ch]pp"), *root.glob("src/**/*.[ch]pp")]):
        relative = path.relative_to(root)
        here = folder_of(relative)
        if here == "src" and str(relative) in OPEN:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            ours = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if ours:
                name = ours[1]
                if name in OPEN:
                    allowed = here in OPEN[name]
                elif not (root / name).exists():
                    yield f"{relative}:{number}: {name}: include paths start at the root"
                    continue
                else:
                    allowed = folder_of(pathlib.Path(name)) in ARROWS[here]
                if not allowed:
                    yield f"{relative}:{number}: {here} must not include {name}"
            outside = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            if outside:
                for pattern, where in OUTSIDE:
                    if re.match(pattern, outside[1]) and here not in where:
                        yield f"{relative}:{number}: {here} must not include <{outside[1]}>"


def main():
    found = list(faults(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "every include follows the arrows")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
