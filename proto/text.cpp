#include "proto/text.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace vmcbridge {

std::string_view as_text(Bytes bytes) noexcept {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): std::byte and char may alias anything
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes as_bytes(std::string_view text) noexcept { return std::as_bytes(std::span{text.data(), text.size()}); }

namespace {

// ---- UTF-8 ------------------------------------------------------------------------------------------------------

/// What may follow a first byte: so many bytes in all, the second of them from..to, the others 0x80..0xbf.
struct Sequence {
    std::uint8_t length = 0;  ///< 0: no sequence begins so
    std::uint8_t from = 0;
    std::uint8_t to = 0;
};

/// The syntax of RFC 3629, section 4, by first byte less 0x80.
constexpr auto sequences = [] {
    std::array<Sequence, 0x80> table{};
    const auto rule = [&](std::size_t first, std::size_t last, std::uint8_t length, std::uint8_t from,
                          std::uint8_t to) {
        for (auto byte = first; byte <= last; ++byte) table[byte - 0x80] = {.length = length, .from = from, .to = to};
    };
    rule(0xc2, 0xdf, 2, 0x80, 0xbf);
    rule(0xe0, 0xe0, 3, 0xa0, 0xbf);
    rule(0xe1, 0xec, 3, 0x80, 0xbf);
    rule(0xed, 0xed, 3, 0x80, 0x9f);
    rule(0xee, 0xef, 3, 0x80, 0xbf);
    rule(0xf0, 0xf0, 4, 0x90, 0xbf);
    rule(0xf1, 0xf3, 4, 0x80, 0xbf);
    rule(0xf4, 0xf4, 4, 0x80, 0x8f);
    return table;
}();

/// Length of the run of ASCII at the start: most text is made of such runs, so it is measured a word at a time.
std::size_t ascii_run(std::string_view text) noexcept {
    constexpr std::uint64_t high_bits = 0x8080808080808080;
    std::size_t at = 0;
    for (std::array<std::uint64_t, 4> words{}; text.size() - at >= sizeof words; at += sizeof words) {
        std::memcpy(words.data(), text.data() + at, sizeof words);
        if (((words[0] | words[1] | words[2] | words[3]) & high_bits) != 0) break;
    }
    for (std::uint64_t word = 0; text.size() - at >= sizeof word; at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & high_bits) != 0) break;
    }
    while (at < text.size() && static_cast<std::uint8_t>(text[at]) < 0x80) ++at;
    return at;
}

/// Length of the valid sequence at the start of a text that begins with a byte over 0x7f; 0: none.
std::size_t sequence_length(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const auto [length, from, to] = sequences[byte(0) - 0x80U];
    if (length == 0 || text.size() < length || byte(1) < from || byte(1) > to) return 0;
    if (length > 2 && !continues(2)) return 0;
    if (length > 3 && !continues(3)) return 0;
    return length;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    for (;;) {
        text.remove_prefix(ascii_run(text));
        if (text.empty()) return true;
        while (!text.empty() && static_cast<std::uint8_t>(text.front()) >= 0x80) {
            const auto length = sequence_length(text);
            if (length == 0) return false;
            text.remove_prefix(length);
        }
    }
}

// ---- Line ends ----------------------------------------------------------------------------------------------------

namespace {

constexpr std::byte cr{'\r'};
constexpr std::byte lf{'\n'};

/// Moves what comes before the first `stop` from `in` to `out`, as far as it fits; both shrink. Returns what moved.
Bytes copy_until(std::byte stop, Bytes& in, MutableBytes& out) noexcept {
    const auto most = in.first(std::min(in.size(), out.size()));
    if (most.empty()) return {};
    const auto* found =
        static_cast<const std::byte*>(std::memchr(most.data(), std::to_integer<int>(stop), most.size()));
    const auto run = found == nullptr ? most : most.first(static_cast<std::size_t>(found - most.data()));
    if (!run.empty()) std::memcpy(out.data(), run.data(), run.size());
    in = in.subspan(run.size());
    out = out.subspan(run.size());
    return run;
}

void put(MutableBytes& out, std::byte byte) noexcept {
    out.front() = byte;
    out = out.subspan(1);
}

/// An LF gets a CR before it, unless one is there: `after_cr` says so of the byte before `in`.
void to_crlf(Bytes& in, MutableBytes& out, bool& after_cr) noexcept {
    for (;;) {
        const auto run = copy_until(lf, in, out);
        if (!run.empty()) after_cr = run.back() == cr;
        if (in.empty() || in.front() != lf) return;  // used up, or no room
        if (out.size() < (after_cr ? 1U : 2U)) return;
        if (!after_cr) put(out, cr);
        put(out, lf);
        in = in.subspan(1);
        after_cr = false;
    }
}

/// A CR goes if an LF follows: `held_cr` is the CR that waits for the byte after it.
void to_lf(Bytes& in, MutableBytes& out, bool& held_cr) noexcept {
    while (!in.empty() && !out.empty()) {
        if (held_cr) {
            if (in.front() != lf) put(out, cr);
            held_cr = false;
            continue;
        }
        (void)copy_until(cr, in, out);
        if (in.empty() || in.front() != cr) return;  // used up, or no room
        held_cr = true;
        in = in.subspan(1);
    }
}

}  // namespace

std::size_t LineEnds::convert(Bytes& in, MutableBytes out) noexcept {
    const auto room = out.size();
    if (to_ == To::crlf) {
        to_crlf(in, out, after_cr_);
    } else {
        to_lf(in, out, after_cr_);
    }
    return room - out.size();
}

std::size_t LineEnds::finish(MutableBytes out) noexcept {
    const bool held = to_ == To::lf && after_cr_;
    after_cr_ = false;
    if (held) out.front() = cr;
    return held ? 1 : 0;
}

}  // namespace vmcbridge
