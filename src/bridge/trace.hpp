#pragma once

#include "proto/browser/codes.hpp"
#include "src/bridge/client.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmcbridge::bridge {

/// One step of a copy, a file or a layout on its way through the bridge.
struct TraceStep {
    enum class Topic : std::uint8_t { clipboard, files, display };
    enum class Hop : std::uint8_t { from_guest, to_guest, from_client, to_client };

    Topic topic{};
    Hop hop{};
    std::string_view what;             ///< a literal: "grab", "request", "data", ...
    std::optional<ClientId> client{};  ///< whom it concerns; where the hop is a client's, that one
};

/// What became of a step. `code` and the reason in `detail` say why it ended there; without a code it went on.
struct TraceEvent {
    std::uint64_t number = 0;  ///< from 1, without gaps
    Time at{};
    TraceStep step;
    std::optional<browser::Code> code;
    std::string detail;  ///< formats, sizes, reasons, file names; at most limits::trace_detail bytes, never contents
};

[[nodiscard]] std::string_view name(TraceStep::Topic topic) noexcept;
[[nodiscard]] std::string_view name(TraceStep::Hop hop) noexcept;

/// What happened lately to the copies, files and layouts of one VM, hop by hop: why didn't my paste work? Holds the
/// last limits::trace_events steps.
class Trace {
public:
    /// The time of the call that is under way; what is noted from here on happened then.
    void set_now(Time now) noexcept { now_ = now; }
    [[nodiscard]] Time now() const noexcept { return now_; }

    /// It went on.
    void passed(const TraceStep& step, std::string_view detail = {}) { add(step, std::nullopt, detail); }
    /// It ended here: refused by a rule, dropped, or failed.
    void stopped(const TraceStep& step, browser::Code code, std::string_view why) { add(step, code, why); }

    /// Oldest first.
    [[nodiscard]] const std::deque<TraceEvent>& events() const noexcept { return events_; }

private:
    void add(const TraceStep& step, std::optional<browser::Code> code, std::string_view detail);

    std::deque<TraceEvent> events_;
    std::uint64_t next_ = 1;
    Time now_{};
};

/// "text/plain, image/png"
[[nodiscard]] std::string to_text(const FormatList& formats);
/// "text/plain, 12 bytes"
[[nodiscard]] std::string to_text(ClipboardFormat format, std::uint64_t bytes);

}  // namespace vmcbridge::bridge
