#include "src/io/spice/exchange.hpp"

#include "proto/text.hpp"
#include "proto/wire.hpp"
#include "src/io/bounds.hpp"

#include <algorithm>
#include <array>

namespace vmcbridge::io::spice {
namespace {
constexpr std::size_t read_size = 4096;
}

Task<bool> Exchange::read_more() {
    for (;;) {
        if (unread_.size() > most_unread) co_return false;
        const bool open = co_await wire_.readable(deadline_);
        if (!open) co_return false;
        std::array<std::byte, read_size> bytes;
        const auto result = wire_.try_read(bytes);
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) co_return false;
        unread_.insert(unread_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(result.bytes));
        if (result.bytes > 0) co_return true;
    }
}

Task<std::optional<std::vector<std::byte>>> Exchange::read(std::size_t count) {
    while (unread_.size() < count) {
        const bool more = co_await read_more();
        if (!more) co_return std::nullopt;
    }
    std::vector<std::byte> bytes{unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(count)};
    took(count);
    co_return bytes;
}

Task<std::optional<std::uint32_t>> Exchange::read_u32() {
    const auto bytes = co_await read(sizeof(std::uint32_t));
    if (!bytes) co_return std::nullopt;
    co_return load_le<std::uint32_t>(bytes->data());
}

Task<bool> Exchange::send(Bytes bytes) { return wire_.write_all(bytes, deadline_); }

Task<> Exchange::part() {
    wire_.shutdown();
    const auto until = Clock::now() + bounds::close_deadline;
    for (std::size_t taken = 0; taken < bounds::turn;) {
        const bool open = co_await wire_.readable(until);
        if (!open) co_return;
        std::array<std::byte, read_size> bytes;
        const auto result = wire_.try_read(bytes);
        if (result.state == IoResult::State::ended || result.state == IoResult::State::failed) co_return;
        taken += std::max<std::size_t>(result.bytes, 1);
    }
}

std::string Exchange::take_rest() {
    std::string rest{as_text(unread_)};
    unread_.clear();
    return rest;
}

}  // namespace vmcbridge::io::spice
