#include "src/io/spice/sasl_frames.hpp"

#include "proto/sasl_limits.hpp"
#include "proto/text.hpp"
#include "proto/wire.hpp"

#include <cstdint>

namespace vmcbridge::io::spice {

void put_data(std::vector<std::byte>& out, const std::optional<std::string>& data) {
    Writer writer{out};
    writer.u32(data ? static_cast<std::uint32_t>(data->size() + 1) : 0);
    if (!data) return;
    writer.bytes(as_bytes(*data));
    writer.u8(0);
}

Task<Said<std::optional<std::string>>> read_data(Exchange& exchange) {
    using Data = std::optional<std::string>;
    const auto size = co_await exchange.read_u32();
    if (!size) co_return nothing<Data>();
    if (*size > sasl_limits::message) co_return nothing<Data>("its message is too long");
    if (*size == 0) co_return Data{};
    const auto bytes = co_await exchange.read(*size);
    if (!bytes) co_return nothing<Data>();
    co_return Data{std::string{as_text(*bytes)}};
}

}  // namespace vmcbridge::io::spice
