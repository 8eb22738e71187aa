#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace vmcbridge::bench {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;
using Clock = std::chrono::steady_clock;

/// Something went wrong in a measurement: that measurement is reported as failed and the run goes on.
struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Failure that says what was being done and errno's text.
[[nodiscard]] Failure failed(const std::string& doing);

/// No wait in the bench is longer than this; a relay that stands still is a failure, not a hang.
inline constexpr std::chrono::seconds patience{20};

/// One read of a relay or of the generator, in bytes: what the fastest peers use.
inline constexpr std::size_t read_size = 256 * 1024;

/// An owned file descriptor.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) noexcept : fd_{fd} {}
    Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Fd();
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Blocking sockets, close-on-exec, TCP without delay, each call bounded by `patience`. Errors: Failure.
[[nodiscard]] Fd listen_tcp();
[[nodiscard]] Fd listen_unix(const std::string& path);
[[nodiscard]] std::uint16_t port_of(const Fd& listener);
[[nodiscard]] Fd accept_one(const Fd& listener);
[[nodiscard]] Fd connect_tcp(std::uint16_t port);
[[nodiscard]] Fd connect_unix(const std::string& path);

void send_all(int fd, Bytes bytes);

/// At least one byte, or 0 at the peer's end.
[[nodiscard]] std::size_t receive_some(int fd, MutableBytes into);

/// Fills `into`; false if the peer ended before the first byte.
[[nodiscard]] bool receive_exactly(int fd, MutableBytes into);

[[nodiscard]] bool is_readable(int fd);

/// Ends both directions, which wakes whoever waits in a call on it.
void hang_up(int fd) noexcept;

}  // namespace vmcbridge::bench
