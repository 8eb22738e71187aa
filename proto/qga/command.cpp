#include "proto/qga/command.hpp"

#include "proto/qga/line_reader.hpp"

#include <algorithm>

namespace vmcbridge::qga {
namespace {

struct PowerRow {
    Power power;
    std::string_view name;
    Command command;
};
constexpr std::array powers{
    PowerRow{Power::shutdown, "shutdown", {"guest-shutdown", R"({"mode":"powerdown"})", Success::silence}},
    PowerRow{Power::reboot, "reboot", {"guest-shutdown", R"({"mode":"reboot"})", Success::silence}},
    PowerRow{Power::suspend, "suspend", {"guest-suspend-ram", {}, Success::silence}},
};

const PowerRow& row_of(Power power) noexcept { return powers[static_cast<std::size_t>(power)]; }

}  // namespace

std::string encode(const Command& command) {
    std::string line = R"({"execute":")";
    (line += command.name) += '"';
    if (!command.arguments.empty()) (line += R"(,"arguments":)") += command.arguments;
    return line += "}\n";
}

std::string encode_sync(std::int64_t id) {
    std::string line(1, static_cast<char>(sentinel_byte));
    return line += R"({"execute":"guest-sync-delimited","arguments":{"id":)" + std::to_string(id) + "}}\n";
}

std::string_view name(Power power) noexcept { return row_of(power).name; }

std::optional<Power> find_power(std::string_view name) noexcept {
    const auto* const row = std::ranges::find(powers, name, &PowerRow::name);
    if (row == powers.end()) return std::nullopt;
    return row->power;
}

Command command_of(Power power) noexcept { return row_of(power).command; }

}  // namespace vmcbridge::qga
