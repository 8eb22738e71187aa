#include "proto/agent/capabilities.hpp"

#include <array>

namespace vmcbridge::agent {

static_assert(sizeof(VDAgentAnnounceCapabilities) == 4);

namespace {

/// In the order of the bits.
constexpr std::array<std::string_view, capability_count> capability_names{
    "mouse-state",
    "monitors-config",
    "reply",
    "clipboard",
    "display-config",
    "clipboard-by-demand",
    "clipboard-selection",
    "sparse-monitors-config",
    "guest-lineend-lf",
    "guest-lineend-crlf",
    "max-clipboard",
    "audio-volume-sync",
    "monitors-config-position",
    "file-xfer-disabled",
    "file-xfer-detailed-errors",
    "graphics-device-info",
    "clipboard-no-release-on-regrab",
    "clipboard-grab-serial",
};

}  // namespace

std::string_view name(Capability capability) noexcept {
    const auto bit = static_cast<std::size_t>(capability);
    return bit < capability_names.size() ? capability_names[bit] : "unknown";
}

std::vector<std::string_view> names(CapabilitySet set) {
    std::vector<std::string_view> found;
    for (std::size_t bit = 0; bit < capability_count; ++bit)
        if (set.has(static_cast<Capability>(bit))) found.push_back(capability_names[bit]);
    return found;
}

Result<AnnounceCapabilities> decode_announce_capabilities(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    AnnounceCapabilities announce;
    announce.request = in.u32("request") != 0;
    if (in.more()) announce.capabilities = CapabilitySet{in.u32("caps")};
    while (in.more()) (void)in.u32("caps");
    return in.finish(announce);
}

void encode(const AnnounceCapabilities& message, Dialect /*dialect*/, Writer& out) {
    out.u32(message.request ? 1 : 0);
    out.u32(message.capabilities.word());
}

}  // namespace vmcbridge::agent
