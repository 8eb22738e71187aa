#!/usr/bin/env python3
"""Writes the corpus seeds of the fuzz targets from tests/vectors and from here. Usage: seed.py (no arguments)."""
import json
import pathlib
import re
import struct

HERE = pathlib.Path(__file__).parent
VECTORS = HERE.parent / "vectors"
HEADERS = 8 + 20
LARGEST_SEED = 8192

KEY_FILES = {
    "plain": "[vdagent-file-xfer]\nname=a.txt\nsize=5\n",
    "all-keys": "[vdagent-file-xfer]\nname=a\nsize=7\nfile-xfer-nr=1\nfile-xfer-total=2\n",
    "escapes": "[vdagent-file-xfer]\nname=\\s\\t\\n\\r\\\\[\nsize=18446744073709551615\n",
    "crlf": "[vdagent-file-xfer]\r\nname=a\r\nsize=1\r\n",
    "other-groups": "# comment\n\n[other]\nname=b\n[vdagent-file-xfer]\nname=a\nname=c\nsize=1\n[last]\nsize=2\n",
    "unicode": "[vdagent-file-xfer]\nname=日本語 👩‍👩‍👧.png\nsize=0\n",
    "latin1": b"[vdagent-file-xfer]\nname=caf\xe9\nsize=1\n",
    "junk": "junk",
    "broken-escape": "[vdagent-file-xfer]\nname=\\x\nsize=1",
}
TEXTS = {
    "ascii": "The quick brown fox jumps over the lazy dog, and over it again.",
    "scripts": "héllo Привет שלום 日本語 👩‍👩‍👧",
    "crlf": "one\r\ntwo\r\n\r\nthree\r",
    "lf": "one\ntwo\n\n\rthree\n",
    "overlong": b"a\xc0\x80\xe0\x80\x80\xf0\x80\x80\x80",
    "surrogate": b"\xed\xa0\x80\xed\xbf\xbf",
    "cut": b"\xf0\x9f\x98",
}
FILE_NAMES = {
    "path": "../C:\\temp/a.txt",
    "device": "con.txt. ",
    "breaks": "two\nlines\t\u2028\x00",
    "direction": "photo\u202egpj.exe",
    "latin1": b"Gr\xfc\xdfe.txt",
    "long": "名" * 100 + ".txt",
    "cut": "CON" + " " * 300 + "x",
}
# What a SPICE client like spice-gtk does on a hub: operations of fuzz_spice_hub.cpp.
START, ANNOUNCE = b"\x04\x00\xff\xff", b"\x06\x00\x77\x50\x07\xff"
SPICE_HUB = {
    "copy-in-guest": START + ANNOUNCE + b"\x18\x00\x00" + b"\x08\x00\x00\x00\x03\xff" + b"\x1b\x00\x00\x40\x9c",
    "copy-in-client": START + ANNOUNCE + b"\x07\x00\x00\x00\x00\x00\x03\xff" + b"\x1a\x00\x00"
    + b"\x09\x00\x40\x9c\x00\x00\x03",
    "file": START + ANNOUNCE + b"\x0a\x00\x40\x9c\x01\xff" + b"\x1d\x00\x00\x00\x01" + b"\x0b\x00\x34\x9c\x01",
    "few-tokens": b"\x04\x00\x03\x00" + ANNOUNCE + b"\x18\x00\x00" + b"\x08\x00\x00\x00\x03\xff"
    + b"\x1b\x00\x00\x40\x9c" + b"\x05\x00\x05\x00\x11\xff\x13\x13",
    "agent-restarts": START + ANNOUNCE + b"\x18\x00\x00\x13\x13" + START + ANNOUNCE + b"\x1e\x00\x00",
    "full-headers": b"\x10\x03\x04\x01\xff\xff\x06\x01\x77\x50\x07\x01\x0e\x01\x0c\x01\x14\x07",
    "deaf": START + ANNOUNCE + b"\x0d\x00\x18\x00\x00" + b"\x08\x00\x00\x00\x03\xff" + b"\x1b\x00\x00\x40\x9c\x11\xff",
}
# What a QEMU guest agent says: behind the answer to the sync, and as the lines of a survey.
SYNCED = b"\xff{\"return\": 7}\n"
SUPPORTED = json.dumps({"return": {"version": "7.2.22", "supported_commands": [
    {"name": name, "enabled": True, "success-response": True}
    for name in ("guest-get-host-name", "guest-get-osinfo", "guest-network-get-interfaces", "guest-get-users",
                 "guest-get-fsinfo")]}})
SURVEY = [
    {"return": {"host-name": "web1"}},
    {"return": {"id": "debian", "name": "Debian", "version": "12", "kernel-release": "6.1", "machine": "x86_64"}},
    {"return": [{"name": "eth0", "hardware-address": "52:54:00:00:00:01",
                 "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "192.0.2.1", "prefix": 24}]}]},
    {"return": [{"user": "root", "login-time": 1700000000.5}]},
    {"return": [{"name": "vda1", "mountpoint": "/", "type": "ext4", "total-bytes": 10, "used-bytes": 5, "disk": []}]},
]
QGA = {
    "answer": SYNCED + b'{"return": {"host-name": "web1"}}\n',
    "refusal": SYNCED + b'{"error": {"class": "CommandNotFound", "desc": "no\\u0000\\u202e"}}\n',
    "late-answers": b'{"return": 1}\n\xff{"return": 6}\n{"return": 7}\n' + SYNCED + b'\r\n{"return": []}\r\n',
    "half": SYNCED + b'{"return": {"host-',
    "sentinel-midway": SYNCED + b'{"return": \xff1}\n',
    "no-utf8": SYNCED + b'{"return": "\xc0\x80"}\n',
    "nested": SYNCED + b'{"return": ' + b"[" * 40 + b"]" * 40 + b"}\n",
    "survey": "\n".join([SUPPORTED, *map(json.dumps, SURVEY)]).encode(),
    "survey-of-junk": (SUPPORTED + '\n{"return": 1}\n{"return": []}\n{"return": [[], 1, {}]}\n{"error": {}}').encode(),
}
# type, size, piece, room
MESSAGES = {
    "one-chunk": [(4, 2028, 65535, 65535)],
    "one-over": [(4, 2029, 0, 0)],
    "pieces": [(12, 6000, 2047, 2028), (7, 16, 0, 0), (13, 0, 9, 9)],
}


def expand(hexes):
    tokens = " ".join([hexes] if isinstance(hexes, str) else hexes).split()
    return b"".join(bytes([int(token[:2], 16)]) * int(token[3:] or 1) for token in tokens)


def plain(name):
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


def flags(vector):
    return vector["dialect"]["selection"] | vector["dialect"]["grabSerial"] << 1


def write(target, name, content):
    content = content.encode() if isinstance(content, str) else content
    if len(content) > LARGEST_SEED:
        return
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def domains():
    """The samples of tests/vectors/domains as (name, xml)."""
    around = {"running": "<domain type='kvm' id='1'><name>web1</name><devices>%s</devices></domain>",
              "off": "<domain type='kvm'><name>web1</name><devices>%s</devices></domain>", "whole": "%s"}
    for path in sorted((VECTORS / "domains").glob("*.txt")):
        for word, title, xml in re.findall(r"^== (\w+): (.*)\n((?:.*\n)*?)=>\n", path.read_text(), re.MULTILINE):
            yield plain(title), around[word].replace("%s", xml)


def main():
    vdi = json.loads((VECTORS / "vdi.json").read_text())
    traces = json.loads((VECTORS / "traces.json").read_text())
    for vector in vdi["messages"]:
        bytes_ = expand(vector["hex"])
        write("fuzz_agent_message", vector["name"], bytes([bytes_[12], flags(vector)]) + bytes_[HEADERS:])
    for vector in vdi["streams"] + traces["streams"]:
        write("fuzz_chunks", vector["name"], struct.pack("<BH", flags(vector), 30) + expand(vector["hex"]))
    for name, text in KEY_FILES.items():
        write("fuzz_key_file", name, text)
    for name, text in TEXTS.items():
        write("fuzz_text", name, b"\x04\x03" + (text.encode() if isinstance(text, str) else text))
    for name, text in FILE_NAMES.items():
        write("fuzz_file_name", name, b"\x01" + (text.encode() if isinstance(text, str) else text))
    for name, xml in domains():
        write("fuzz_domain_xml", name, xml)
    browser = json.loads((VECTORS / "browser_frames.json").read_text())
    for vector in browser["fromClient"]["valid"] + browser["fromClient"]["invalid"]:
        text = vector.get("text") or json.dumps(vector.get("frame"), separators=(",", ":"))
        write("fuzz_browser_frame", plain(vector["name"]), text)
    spice = json.loads((VECTORS / "spice.json").read_text())
    for vector in spice["links"] + spice["badLinks"]:
        write("fuzz_spice_link", plain(vector["name"]), expand(vector["hex"]))
    for vector in spice["client"]:
        full = vector.get("fullHeader", False)
        name = plain(f"{vector['name']} {'full' if full else len(vector['hex'])}")
        write("fuzz_spice_main", name, struct.pack("<BH", full, 5) + expand(vector["hex"]))
    for full in (False, True):
        stream = b"".join(expand(v["hex"]) for v in spice["client"] if v.get("fullHeader", False) == full)
        write("fuzz_spice_main", f"all-{'full' if full else 'mini'}", struct.pack("<BH", full, 40) + stream)
    for name, operations in SPICE_HUB.items():
        write("fuzz_spice_hub", name, b"\x00" + operations)
    for name, stream in QGA.items():
        write("fuzz_qga", name, struct.pack("<H", len(stream) // 2) + stream)
    for name, messages in MESSAGES.items():
        write("fuzz_fragmenter", name, b"".join(struct.pack("<BHHH", type_ - 1, *sizes) for type_, *sizes in messages))


main()
