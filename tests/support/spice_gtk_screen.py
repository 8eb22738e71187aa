"""What a person at a SPICE client has: the screen, the pointer's picture, keys and mouse. Part of spice_gtk_peer.py."""

import ctypes
import hashlib

from gi.repository import GObject

XRGB = 32  # SPICE_SURFACE_FMT_32_xRGB: blue, green, red, nothing


class Primary(ctypes.Structure):
    """SpiceDisplayPrimary."""

    _fields_ = [(name, ctypes.c_int) for name in ("format", "width", "height", "stride", "shmid")]
    _fields_ += [("data", ctypes.c_void_p), ("marked", ctypes.c_int)]


library = ctypes.CDLL("libspice-client-glib-2.0.so.8")
library.spice_display_channel_get_primary.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(Primary)]


class Display:
    """One display channel. `display` events tell when its screen comes and goes; its pixels are read on demand."""

    def __init__(self, channel, emit):
        self.channel = channel
        self.updates = 0  # rectangles that were drawn
        number = channel.get_property("channel-id")

        def tell(state, **fields):
            emit("display", state=state, number=number, **fields)

        def created(_, _format, width, height, *_rest):
            tell("created", width=width, height=height)

        GObject.Object.connect(channel, "display-primary-create", created)
        GObject.Object.connect(channel, "display-primary-destroy", lambda *_: tell("destroyed"))
        GObject.Object.connect(channel, "display-invalidate", self.on_drawn)

    def on_drawn(self, *_):
        self.updates += 1

    def picture(self):
        primary = Primary()
        if not library.spice_display_channel_get_primary(hash(self.channel), 0, primary):
            return {"updates": self.updates}
        if primary.format != XRGB:
            raise ValueError(f"a screen of format {primary.format}, not {XRGB}")
        pixels = ctypes.string_at(primary.data, primary.stride * primary.height)
        digest = hashlib.sha256()
        for at in range(0, len(pixels), primary.stride):
            row, rgb = pixels[at : at + 4 * primary.width], bytearray(3 * primary.width)
            rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
            digest.update(rgb)
        return {
            "width": primary.width,
            "height": primary.height,
            "sha256": digest.hexdigest(),
            "updates": self.updates,
        }


def listen_to_cursor(channel, emit):
    def shaped(_, width, height, *_rest):
        emit("cursor", state="set", width=width, height=height)

    GObject.Object.connect(channel, "cursor-set", shaped)
    for state in ("move", "hide", "reset"):
        GObject.Object.connect(channel, f"cursor-{state}", lambda *_, state=state: emit("cursor", state=state))
