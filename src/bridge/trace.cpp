#include "src/bridge/trace.hpp"

#include "proto/limits.hpp"

namespace vmcbridge::bridge {

std::string_view name(TraceStep::Topic topic) noexcept {
    switch (topic) {
        case TraceStep::Topic::clipboard: return "clipboard";
        case TraceStep::Topic::files: return "files";
        case TraceStep::Topic::display: return "display";
    }
    return "";
}

std::string_view name(TraceStep::Hop hop) noexcept {
    switch (hop) {
        case TraceStep::Hop::from_guest: return "guest to bridge";
        case TraceStep::Hop::to_guest: return "bridge to guest";
        case TraceStep::Hop::from_client: return "client to bridge";
        case TraceStep::Hop::to_client: return "bridge to client";
    }
    return "";
}

namespace {

/// Its first characters that fit into `most` bytes.
std::string_view cut(std::string_view text, std::size_t most) noexcept {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
    return text.substr(0, most);
}

}  // namespace

void Trace::add(const TraceStep& step, std::optional<browser::Code> code, std::string_view detail) {
    if (events_.size() == limits::trace_events) events_.pop_front();
    events_.push_back({.number = next_++,
                       .at = now_,
                       .step = step,
                       .code = code,
                       .detail = std::string{cut(detail, limits::trace_detail)}});
}

std::string to_text(const FormatList& formats) {
    std::string out;
    for (const auto format : formats) {
        if (!out.empty()) out += ", ";
        out += browser::mime_of(format);
    }
    return out;
}

std::string to_text(ClipboardFormat format, std::uint64_t bytes) {
    return std::string{browser::mime_of(format)} + ", " + std::to_string(bytes) + " bytes";
}

}  // namespace vmcbridge::bridge
