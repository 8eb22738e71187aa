#pragma once

#include "proto/browser/codes.hpp"
#include "proto/formats.hpp"
#include "proto/ids.hpp"
#include "src/policy/channel_set.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who may do what: plain values from the configuration, and verdicts on them. Pure.
namespace vmcbridge::policy {

inline constexpr std::uint64_t mebibyte = 1024ULL * 1024;

/// One direction of the clipboard.
struct ClipboardRule {
    FormatList formats{};  ///< empty: this direction is off
    std::uint64_t max_bytes = 32 * mebibyte;

    friend bool operator==(const ClipboardRule&, const ClipboardRule&) = default;
};

enum class ResizeRule : std::uint8_t { off, lead, any };
enum class SeveralClients : std::uint8_t { share, take_over, refuse };
/// What a second viewer of a SPICE server's session meets: a session has one.
enum class SpiceSession : std::uint8_t { take_over, refuse };
/// Whose keys and clicks reach the guest through SPICE.
enum class InputsRule : std::uint8_t { off, lead, any };

inline constexpr FormatList text_and_images{ClipboardFormat::text, ClipboardFormat::png, ClipboardFormat::bmp,
                                            ClipboardFormat::tiff, ClipboardFormat::jpeg};

/// Whoever speaks with what listens at this port runs commands in the guest: it needs leave.
inline constexpr std::string_view guest_agent_port = "org.qemu.guest_agent.0";

/// What clients may ask of the program that listens there, in the bridge's own words; the port is the bridge's then.
enum class GuestAgentRule : std::uint8_t {
    off,
    info,   ///< questions alone
    power,  ///< to shut down, restart and suspend the machine too
};
/// "info": in the configuration and in the API. Defined here only.
[[nodiscard]] constexpr std::string_view name(GuestAgentRule rule) noexcept {
    switch (rule) {
        case GuestAgentRule::off: return "off";
        case GuestAgentRule::info: return "info";
        case GuestAgentRule::power: return "power";
    }
    return "off";
}

/// Which further ports may be used.
struct PortRule {
    bool any = true;                   ///< all that need no leave of their own
    std::vector<std::string> names{};  ///< these in any case

    friend bool operator==(const PortRule&, const PortRule&) = default;
};

/// [policy] of the configuration, as it stands for one VM.
struct Policy {
    ClipboardRule to_guest{.formats = text_and_images};
    ClipboardRule from_guest{.formats = text_and_images};
    bool primary_selection = false;
    bool share_between_clients = false;
    bool files_to_guest = true;
    std::uint64_t file_max = 4096 * mebibyte;
    ResizeRule resize = ResizeRule::lead;
    SeveralClients several_clients = SeveralClients::share;
    SpiceSession spice_session = SpiceSession::take_over;
    InputsRule inputs = InputsRule::any;
    ChannelSet spice_channels = ChannelSet::all();
    PortRule ports{};
    GuestAgentRule guest_agent = GuestAgentRule::off;

    friend bool operator==(const Policy&, const Policy&) = default;
};

/// Does `inner` let pass only what `outer` does?
[[nodiscard]] bool is_within(const Policy& inner, const Policy& outer) noexcept;

/// What an access token may allow. `port:NAME` is kept beside the set.
enum class Permission : std::uint8_t {
    clipboard_to_guest,
    clipboard_from_guest,
    files_to_guest,
    resize,
    mouse,
    volume,
    display,
    spice,
    observe,
    admin,
};
inline constexpr std::size_t permission_count = 10;

/// "clipboard-to-guest": in tokens and frames. Defined here only.
[[nodiscard]] std::string_view name(Permission permission) noexcept;
[[nodiscard]] std::optional<Permission> find_permission(std::string_view name) noexcept;

class PermissionSet {
public:
    constexpr PermissionSet() noexcept = default;
    constexpr PermissionSet(std::initializer_list<Permission> list) noexcept {
        for (const auto each : list) add(each);
    }
    [[nodiscard]] static constexpr PermissionSet all_but_admin() noexcept {
        PermissionSet set;
        set.bits_ = ((1U << permission_count) - 1) & ~bit(Permission::admin);
        return set;
    }
    constexpr void add(Permission p) noexcept { bits_ |= bit(p); }
    constexpr void remove(Permission p) noexcept { bits_ &= ~bit(p); }
    [[nodiscard]] constexpr bool has(Permission p) const noexcept { return (bits_ & bit(p)) != 0; }
    /// What both hold.
    [[nodiscard]] constexpr PermissionSet only(PermissionSet other) const noexcept {
        other.bits_ &= bits_;
        return other;
    }
    friend constexpr bool operator==(PermissionSet, PermissionSet) noexcept = default;

private:
    static constexpr std::uint32_t bit(Permission p) noexcept { return 1U << static_cast<unsigned>(p); }
    std::uint32_t bits_ = 0;
};
[[nodiscard]] std::vector<std::string_view> names(PermissionSet set);

/// What is left of a client's permissions under a VM's policy: what is switched off is taken away.
[[nodiscard]] PermissionSet effective(PermissionSet granted, const Policy& policy) noexcept;

enum class Way : std::uint8_t { to_guest, from_guest };

/// May contents in `format` pass this way through `selection`? nullopt: yes; else why not
/// (disabled: the selection; policy-direction: the whole way; policy-format).
[[nodiscard]] std::optional<browser::Code> refuse_clipboard(const Policy& policy, Way way, Selection selection,
                                                            ClipboardFormat format) noexcept;
/// The formats of an offer that may pass this way; empty: nothing is offered on.
[[nodiscard]] FormatList permitted_formats(const Policy& policy, Way way, Selection selection,
                                           const FormatList& offered) noexcept;
[[nodiscard]] const ClipboardRule& rule(const Policy& policy, Way way) noexcept;

/// May contents of so many bytes pass this way? nullopt: yes; else too-large.
[[nodiscard]] std::optional<browser::Code> refuse_size(const Policy& policy, Way way, std::uint64_t bytes) noexcept;
/// May a file of so many bytes go to the guest? nullopt: yes; else disabled or too-large.
[[nodiscard]] std::optional<browser::Code> refuse_file(const Policy& policy, std::uint64_t bytes) noexcept;

/// The channels of a SPICE server's session that a client with these rights, which are effective(), may open.
///
/// Without `display` none. Folders and disks of the viewer are files on their way to the guest: where those may not
/// pass, there is no webdav and no usbredir either. A keyboard of the viewer's is a device for usbredir, and a port may
/// be the guest's console, or the machine's: neither is there where not all keys pass.
[[nodiscard]] ChannelSet permitted_channels(const Policy& policy, PermissionSet rights) noexcept;

/// May this further port be opened and used? One that needs leave only where it is named.
[[nodiscard]] bool permits_port(const PortRule& rule, std::string_view name, bool needs_leave) noexcept;

/// Whose rules for file names hold beside the common ones.
enum class GuestSystem : std::uint8_t { other, windows };

/// The base name that is safe to hand to a guest, in UTF-8 of at most limits::file_name bytes; nullopt (bad-name):
/// nothing usable is left.
///
/// It is the last component after / and \; what is no UTF-8 is read as Latin-1. Line breaks and tabs become _, other
/// control characters and those that turn the direction of writing are dropped. A name that is too long loses the end
/// of its stem, not its extension. For Windows : * ? " < > | become _, closing dots and spaces are dropped, and a
/// device's name (CON, nul.txt) gets a _ in front.
[[nodiscard]] std::optional<std::string> safe_file_name(std::string_view name, GuestSystem guest = GuestSystem::other);

}  // namespace vmcbridge::policy
