// Text of a client -> value: 1. its size, 2. JSON, 3. its `type` finds the row, 4. the row's function reads the
// members.
#include "proto/browser/json_reader.hpp"
#include "proto/browser/members.hpp"
#include "proto/browser/types.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>

namespace vmcbridge::browser {
namespace {

namespace json = boost::json;

Selection read_selection(Members& in) {
    static constexpr std::array words{Word<Selection>{"clipboard", Selection::clipboard},
                                      Word<Selection>{"primary", Selection::primary},
                                      Word<Selection>{"secondary", Selection::secondary}};
    return in.word_if_any<Selection>("selection", words).value_or(Selection::clipboard);
}

StreamId read_stream(Members& in) { return in.number<StreamId>("stream"); }

ClientFrame decode_grab(Members& in) {
    ClipboardGrab frame{.selection = read_selection(in), .formats = {}, .serial = {}};
    in.list("formats", 0, Place::no_index, [&](const json::value& value, const Place& place) {
        frame.formats.add(format_of(in.read_text(value, place)));
    });
    return frame;
}

ClientFrame decode_release(Members& in) { return ClipboardRelease{read_selection(in)}; }

ClientFrame decode_request(Members& in) {
    return ClipboardRequest{
        .id = in.exact("id"), .selection = read_selection(in), .format = format_of(in.text("format"))};
}

bool is_text(ClipboardFormat format) noexcept {
    return format == ClipboardFormat::text || format == ClipboardFormat::file_list;
}

// Inline text. Of a format that we don't know the owner's answer is let through; whoever asked will tell.
std::string read_inline_text(Members& in, ClipboardFormat format) {
    const auto text = in.text("text");
    if (in.has("stream")) in.complain("text", "either text, or stream and size");
    if (format != ClipboardFormat::none && !is_text(format)) in.complain("text", "a stream for this format");
    if (text.size() > limits::inline_text)
        in.complain("text",
                    "at most " + std::to_string(limits::inline_text) + " bytes of UTF-8; more goes as a stream");
    return std::string{text};
}

ClientFrame decode_data(Members& in) {
    ClipboardData frame{.id = in.exact("id"), .format = format_of(in.text("format")), .body = {}};
    if (in.has("text")) {
        frame.body = read_inline_text(in, frame.format);
    } else {
        if (!in.has("stream")) in.complain("text", "either text, or stream and size");
        frame.body = StreamedData{.stream = read_stream(in), .size = in.exact("size")};
    }
    return frame;
}

// A code that we don't know (of a newer client) still answers the request.
ClientFrame decode_error(Members& in) {
    return ClipboardError{.id = in.exact("id"),
                          .code = find_code(in.text("code")).value_or(Code::not_supported),
                          .message = std::string{in.text_if_any("message").value_or("")}};
}

ClientFrame decode_credit(Members& in) { return Credit{.stream = read_stream(in), .bytes = in.exact("bytes")}; }

ClientFrame decode_ping(Members& in) { return Ping{in.exact("id")}; }

ClientFrame decode_pong(Members& in) { return Pong{in.exact("id")}; }

constexpr Range<std::uint32_t> pixels{.least = 1, .most = 65535};
constexpr Range<std::uint32_t> colour_bits{.least = 1, .most = 32};

Monitor read_monitor(Members& in) {
    return {.width = in.number("width", pixels),
            .height = in.number("height", pixels),
            .x = in.number_if_any<std::int32_t>("x").value_or(0),
            .y = in.number_if_any<std::int32_t>("y").value_or(0),
            .depth = in.number_if_any("depth", colour_bits).value_or(32),
            .width_mm = in.number_if_any<std::uint16_t>("widthMm").value_or(0),
            .height_mm = in.number_if_any<std::uint16_t>("heightMm").value_or(0)};
}

ClientFrame decode_monitors(Members& in) {
    Monitors frame{.id = in.number_if_any("id", exact_numbers), .monitors = {}};
    in.list("monitors", 1, limits::monitors, [&](const json::value& value, const Place& place) {
        frame.monitors.push_back(in.object(value, place, read_monitor));
    });
    return frame;
}

ClientFrame decode_lead(Members&) { return LeadRequest{}; }

ClientFrame decode_mouse(Members& in) {
    static constexpr std::array buttons{
        Word<std::uint32_t>{"left", VD_AGENT_LBUTTON_MASK},  Word<std::uint32_t>{"middle", VD_AGENT_MBUTTON_MASK},
        Word<std::uint32_t>{"right", VD_AGENT_RBUTTON_MASK}, Word<std::uint32_t>{"up", VD_AGENT_UBUTTON_MASK},
        Word<std::uint32_t>{"down", VD_AGENT_DBUTTON_MASK},  Word<std::uint32_t>{"side", VD_AGENT_SBUTTON_MASK},
        Word<std::uint32_t>{"extra", VD_AGENT_EBUTTON_MASK}};
    Mouse frame{.display = in.number_if_any<std::uint8_t>("display").value_or(0),
                .x = in.number<std::uint32_t>("x"),
                .y = in.number<std::uint32_t>("y")};
    in.list("buttons", 0, buttons.size(), [&](const json::value& value, const Place& place) {
        frame.buttons |= in.read_word<std::uint32_t>(value, place, buttons);
    });
    return frame;
}

VolumeLevel read_level(Members& in) {
    VolumeLevel level{.mute = in.flag("mute"), .channels = {}};
    in.list("channels", 0, limits::volume_channels, [&](const json::value& value, const Place& place) {
        level.channels.push_back(in.read_number<std::uint16_t>(value, place));
    });
    return level;
}

ClientFrame decode_volume(Members& in) {
    return Volume{.playback = in.object_if_any("playback", read_level),
                  .record = in.object_if_any("record", read_level)};
}

ClientFrame decode_display_config(Members& in) {
    return DisplayConfig{.wallpaper = in.flag_if_any("wallpaper"),
                         .font_smoothing = in.flag_if_any("fontSmoothing"),
                         .animation = in.flag_if_any("animation"),
                         .depth = in.number_if_any("depth", colour_bits)};
}

ClientFrame decode_file_start(Members& in) {
    return FileStart{.id = in.exact("id"),
                     .name = std::string{in.text("name")},
                     .size = in.exact("size"),
                     .stream = read_stream(in)};
}

ClientFrame decode_file_cancel(Members& in) { return FileCancel{in.exact("id")}; }

ClientFrame decode_token(Members& in) { return TokenRefresh{std::string{in.text("token")}}; }

struct Row {
    std::string_view type;
    ClientFrame (*decode)(Members&);
};
constexpr std::array rows{
    Row{type_of<Mouse>, decode_mouse},
    Row{type_of<Credit>, decode_credit},
    Row{type_of<ClipboardGrab>, decode_grab},
    Row{type_of<ClipboardRelease>, decode_release},
    Row{type_of<ClipboardRequest>, decode_request},
    Row{type_of<ClipboardData>, decode_data},
    Row{type_of<ClipboardError>, decode_error},
    Row{type_of<Ping>, decode_ping},
    Row{type_of<Pong>, decode_pong},
    Row{type_of<Monitors>, decode_monitors},
    Row{type_of<LeadRequest>, decode_lead},
    Row{type_of<Volume>, decode_volume},
    Row{type_of<DisplayConfig>, decode_display_config},
    Row{type_of<FileStart>, decode_file_start},
    Row{type_of<FileCancel>, decode_file_cancel},
    Row{type_of<TokenRefresh>, decode_token},
};
// All but UnknownFrame.
static_assert(rows.size() + 1 == std::variant_size_v<ClientFrame>);

FrameError bad_frame(std::string_view about, std::string message) {
    return {.code = Code::bad_frame, .about = std::string{about}, .message = std::move(message)};
}

Result<ClientFrame, FrameError> decode_object(const json::object& object) {
    const Place frame_place;
    Complaint complaint;
    Members members{object, frame_place, complaint};
    const auto type = members.text("type");
    if (complaint.made()) return bad_frame({}, complaint.text());

    const auto* const row = std::ranges::find(rows, type, &Row::type);
    if (row == rows.end()) return ClientFrame{UnknownFrame{}};
    auto frame = row->decode(members);
    if (complaint.made()) return bad_frame(row->type, complaint.text());
    return frame;
}

}  // namespace

Result<ClientFrame, FrameError> decode_client(std::string_view text) {
    if (text.size() > limits::text_frame) {
        return FrameError{.code = Code::too_large,
                          .about = {},
                          .message = "frame: expected at most " + std::to_string(limits::text_frame) + " bytes"};
    }
    JsonReader reader;
    const auto frame = reader.read(text);
    if (!frame) return bad_frame({}, "frame: expected " + frame.error().expected);
    const auto* const object = frame->if_object();
    if (object == nullptr) return bad_frame({}, "frame: expected an object");
    return decode_object(*object);
}

}  // namespace vmcbridge::browser
