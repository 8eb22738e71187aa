#!/usr/bin/python3
"""A session of spice-client-glib, driven by JSON lines: commands on standard input, events on standard output.

    {"id": 1, "command": "connect", "host": "127.0.0.1", "port": 5900}   ->   {"event": "done", "id": 1, ...}
                                                                              {"event": "channel", ...}

Each command is answered once, with `done` or with `failed`; what else happens is an event of its own. The end of
standard input ends the process. The commands are the methods named `command_...`; spice_gtk.js speaks for a test.

Line ends and limits of clipboard text are SpiceGtkSession's business, which this process has none of.
"""

import base64
import ctypes
import hashlib
import json
import os
import sys

import gi

gi.require_version("SpiceClientGLib", "2.0")
from gi.repository import Gio, GLib, GObject, SpiceClientGLib as Spice  # noqa: E402

sys.dont_write_bytecode = True
from spice_gtk_screen import Display, listen_to_cursor  # noqa: E402

FORMATS = {"none": 0, "text": 1, "png": 2, "bmp": 3, "tiff": 4, "jpeg": 5, "file-list": 6}
FORMAT_NAMES = {number: name for name, number in FORMATS.items()}
SELECTIONS = ("clipboard", "primary", "secondary")
CAPABILITIES = 18  # bits that spice-protocol knows
INLINE_LIMIT = 64 * 1024  # bytes of content that an event carries itself


def emit(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def on(instance, signal, handler):
    """Listens to a signal. `connect` of a session or a channel is SPICE's own, and opens a connection."""
    GObject.Object.connect(instance, signal, lambda _, *values: handler(*values))


# Memory comes to a Python handler of a signal, and out of a property, as a pointer without a value; so ctypes reads it.
gobject = ctypes.CDLL("libgobject-2.0.so.0")
gobject.g_signal_connect_data.argtypes = [ctypes.c_void_p, ctypes.c_char_p, *[ctypes.c_void_p] * 3, ctypes.c_int]
gobject.g_signal_connect_data.restype = ctypes.c_ulong
kept = []  # functions that C calls, as long as the process lives


def on_memory(instance, signal, types, handler):
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *types, ctypes.c_void_p)(lambda _, *rest: handler(*rest[:-1]))
    kept.append(function)
    pointer = ctypes.cast(function, ctypes.c_void_p)
    gobject.g_signal_connect_data(hash(instance), signal.encode(), pointer, None, None, 0)


def pointer_property(instance, name):
    value = ctypes.c_void_p()
    gobject.g_object_get(ctypes.c_void_p(hash(instance)), name.encode(), ctypes.byref(value), None)
    return value.value


def described(content):
    """Contents as a test looks at them: whole where they are short."""
    about = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if len(content) <= INLINE_LIMIT:
        try:
            about["text"] = content.decode()
        except UnicodeDecodeError:
            about["base64"] = base64.b64encode(content).decode()
    return about


def bytes_of(source):
    """Contents as a command gives them: {"text"}, {"base64"} or {"path"}."""
    if "path" in source:
        with open(source["path"], "rb") as file:
            return file.read()
    return base64.b64decode(source["base64"]) if "base64" in source else source["text"].encode()


def error_fields(error):
    return {"domain": error.domain, "code": error.code, "message": error.message} if error else {}


class Clipboard:
    """Both directions of the selections. Offers are answered by themselves unless they say otherwise."""

    def __init__(self, main):
        self.main = main
        self.offers = {}
        self.requests = []  # (selection, id of the command, path to save to), oldest first
        number, memory = ctypes.c_uint, ctypes.c_void_p
        on_memory(main, "main-clipboard-selection-grab", (number, memory, number), self.on_grab)
        on_memory(main, "main-clipboard-selection", (number, number, memory, number), self.on_data)
        GObject.Object.connect(main, "main-clipboard-selection-request", self.on_request)
        on(main, "main-clipboard-selection-release", lambda selection: emit("release", selection=SELECTIONS[selection]))

    def on_grab(self, selection, types, count):
        numbers = (ctypes.c_uint32 * count).from_address(types) if count else []
        formats = [FORMAT_NAMES.get(number, number) for number in numbers]
        emit("grab", selection=SELECTIONS[selection], formats=formats)

    def on_data(self, selection, number, data, size):
        content = ctypes.string_at(data, size) if size else b""
        name = SELECTIONS[selection]
        about = {"selection": name, "format": FORMAT_NAMES.get(number, number), **described(content)}
        mine = next((one for one in self.requests if one[0] == name), None)
        if mine is None:
            return emit("contents", **about)
        self.requests.remove(mine)
        if mine[2]:
            with open(mine[2], "wb") as file:
                file.write(content)
        emit("done", id=mine[1], **about)

    def on_request(self, _, number, kind):
        selection, name = SELECTIONS[number], FORMAT_NAMES.get(kind, kind)
        offer = self.offers.get(selection, {})
        answered = name in offer
        emit("request", selection=selection, format=name, answered=answered)
        if answered:
            self.main.clipboard_selection_notify(number, kind, bytes_of(offer[name]))
        return True

    def grab(self, selection, contents, answers):
        self.offers[selection] = contents if answers else {}
        self.main.clipboard_selection_grab(SELECTIONS.index(selection), [FORMATS[name] for name in contents])

    def fail_requests(self, why):
        for _, number, _ in self.requests:
            emit("failed", id=number, message=why)
        self.requests.clear()


class Peer:
    def __init__(self):
        self.session = Spice.Session()
        self.main = None
        self.inputs = None
        self.displays = {}  # by number
        self.clipboard = None
        self.transfers = {}  # id of the command -> Gio.Cancellable
        self.copying = None  # id of the newest copy-files
        self.wanted = ["main"]

    def run(self, line):
        number = None
        try:
            command = json.loads(line)
            number = command.pop("id", None)
            action = getattr(self, "command_" + command.pop("command").replace("-", "_"))
            answer = action(number, **command)
            if answer is not None:
                emit("done", id=number, **answer)
        except Exception as error:  # a test learns of everything that goes wrong in here
            emit("failed", id=number, message=f"{type(error).__name__}: {error}")

    def command_connect(self, _, channels=("main",), **properties):
        """Other properties are those of SpiceSession; `unix` stands for unix-path. All of it is told by events."""
        self.wanted = list(channels)
        if "cert-subject" in properties:
            properties["verify"] = Spice.SessionVerify.SUBJECT
        for name, value in properties.items():
            name = "unix-path" if name == "unix" else name
            self.session.set_property(name, str(value) if name in ("port", "tls-port") else value)
        on(self.session, "channel-new", self.on_channel)
        on(self.session, "channel-destroy", lambda channel: emit("channel", state="destroyed", **self.name_of(channel)))
        on(self.session, "disconnected", lambda: emit("disconnected"))
        for name in ("name", "uuid"):
            on(self.session, f"notify::{name}", lambda _, name=name: emit(name, value=self.text_of(name)))
        return {"started": Spice.Session.connect(self.session)}

    def command_disconnect(self, _):
        self.session.disconnect()
        return {}

    def command_grab(self, _, contents, selection="clipboard", answers=True):
        self.clipboard.grab(selection, contents, answers)
        return {}

    def command_release(self, _, selection="clipboard"):
        self.clipboard.offers.pop(selection, None)
        self.main.clipboard_selection_release(SELECTIONS.index(selection))
        return {}

    def command_give(self, _, format, selection="clipboard", **source):
        """Sends contents, asked or unasked."""
        self.main.clipboard_selection_notify(SELECTIONS.index(selection), FORMATS[format], bytes_of(source))
        return {}

    def command_request(self, number, format="text", selection="clipboard", save=None):
        """`done` comes with the contents; while the agent is silent the request stays open."""
        self.clipboard.requests.append((selection, number, save))
        self.main.clipboard_selection_request(SELECTIONS.index(selection), FORMATS[format])

    def command_copy_files(self, number, paths):
        cancellable = self.transfers[number] = Gio.Cancellable()
        self.copying = number

        def finished(main, result, *_):
            self.transfers.pop(number, None)
            try:
                emit("done", id=number, success=main.file_copy_finish(result))
            except GLib.Error as error:
                emit("failed", id=number, **error_fields(error))

        files = [Gio.File.new_for_path(path) for path in paths]
        self.main.file_copy_async(files, Gio.FileCopyFlags.NONE, cancellable, None, None, finished, None)

    def on_transfer(self, task):
        """The library makes the tasks of a copy within the call that begins it."""
        number, shown = self.copying, [-1]
        name = os.path.basename(task.get_filename() or "")

        def progress(task, _):
            part = int(100 * task.get_progress())
            if part > shown[0]:
                shown[0] = part
                emit("progress", id=number, name=name, percent=part)

        on(task, "finished", lambda error: emit("copied", id=number, name=name, **error_fields(error)))
        GObject.Object.connect(task, "notify::progress", progress)

    def command_cancel(self, _, of):
        self.transfers[of].cancel()
        return {}

    def command_monitors(self, _, displays):
        """displays: [{id, width, height, x, y, enabled}]; one that has no width is left as it is."""
        for at, display in enumerate(displays):
            number = display.get("id", at)
            if "width" in display:
                place = [display.get(key, 0) for key in ("x", "y", "width", "height")]
                self.main.update_display(number, *place, False)
            self.main.update_display_enabled(number, display.get("enabled", True), False)
        return {"sent": self.main.send_monitor_config()}

    def command_mouse_mode(self, _, mode):
        self.main.request_mouse_mode(mode)
        return {}

    def command_screen(self, _, number=0):
        """The pixels of a display as they are now: width, height and the digest of their RGB; no size: no screen."""
        display = self.displays.get(number)
        return display.picture() if display else {"updates": 0}

    def command_key(self, _, code, down):
        """code: a scan code of the PC's keyboard, 0x100 added where E0 goes before it."""
        (Spice.InputsChannel.key_press if down else Spice.InputsChannel.key_release)(self.inputs, code)
        return {}

    def command_motion(self, _, dx, dy, buttons=0):
        """buttons, here and below: the mask of those that are down."""
        self.inputs.motion(dx, dy, buttons)
        return {}

    def command_position(self, _, x, y, display=0, buttons=0):
        self.inputs.position(x, y, display, buttons)
        return {}

    def command_button(self, _, button, down, buttons=0):
        change = Spice.InputsChannel.button_press if down else Spice.InputsChannel.button_release
        change(self.inputs, button, buttons)
        return {}

    def command_set(self, _, property, value):
        """A property of the main channel, such as max-clipboard."""
        self.main.set_property(property, value)
        return {}

    def command_state(self, _):
        main = self.main
        return {
            "agentConnected": bool(main and main.get_property("agent-connected")),
            "capabilities": self.capabilities(),
            "mouseMode": main.get_property("mouse-mode") if main else 0,
            "name": self.text_of("name"),
            "uuid": self.text_of("uuid"),
            "channels": [self.name_of(channel) for channel in self.session.get_channels()],
        }

    def capabilities(self):
        if not self.main:
            return 0
        return sum(self.main.agent_test_capability(bit) << bit for bit in range(CAPABILITIES))

    def text_of(self, name):
        if name == "name":
            return self.session.get_property(name)
        uuid = pointer_property(self.session, name)
        return ctypes.string_at(uuid, 16).hex() if uuid else None

    @staticmethod
    def name_of(channel):
        kind = channel.get_property("channel-type")
        return {"type": Spice.Channel.type_to_string(kind), "number": channel.get_property("channel-id")}

    def on_channel(self, channel):
        about = self.name_of(channel)
        emit("channel", state="new", **about)
        GObject.Object.connect(channel, "channel-event", self.on_channel_event)
        if isinstance(channel, Spice.MainChannel):
            self.main = channel
            self.clipboard = Clipboard(channel)
            on(channel, "main-agent-update", self.on_agent)
            on(channel, "notify::agent-connected", lambda _: self.on_agent())
            on(channel, "new-file-transfer", self.on_transfer)
            on(channel, "main-mouse-update", lambda: emit("mouse", mode=channel.get_property("mouse-mode")))
            return
        if isinstance(channel, Spice.DisplayChannel):
            self.displays[about["number"]] = Display(channel, emit)
        elif isinstance(channel, Spice.InputsChannel):
            self.inputs = channel
        elif isinstance(channel, Spice.CursorChannel):
            listen_to_cursor(channel, emit)
        if about["type"] in self.wanted:
            Spice.Channel.connect(channel)

    def on_channel_event(self, channel, event):
        state = event.value_nick
        if channel is self.main and state != "opened":
            self.clipboard.fail_requests(f"the main channel: {state}")
        emit("channel", state=state, **self.name_of(channel), **error_fields(channel.get_error()))

    def on_agent(self):
        connected = bool(self.main.get_property("agent-connected"))
        emit("agent", connected=connected, capabilities=self.capabilities())


def main():
    GLib.log_writer_default_set_use_stderr(True)  # standard output is ours
    loop = GLib.MainLoop()
    peer = Peer()
    rest = [b""]

    def on_input(descriptor, _condition):
        taken = os.read(descriptor, 1 << 20)
        if not taken:
            loop.quit()
            return False
        *lines, rest[0] = (rest[0] + taken).split(b"\n")
        for line in lines:
            peer.run(line)
        return True

    readable = GLib.IOCondition.IN | GLib.IOCondition.HUP
    GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, sys.stdin.fileno(), readable, on_input)
    emit("ready", version=Spice.util_get_version_string())
    loop.run()


main()
