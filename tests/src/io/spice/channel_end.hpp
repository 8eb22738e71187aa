#pragma once

#include "proto/text.hpp"
#include "src/io/spice/wire.hpp"
#include "tests/src/io/support/frames.hpp"
#include "tests/src/io/support/tls_pair.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vmcbridge::io::spice::test {

using namespace vmcbridge::io::test;

/// The client's end of a channel: the test writes and reads its bytes as they are on the wire.
class Peer {
public:
    explicit Peer(UniqueFd fd) noexcept : fd_{std::move(fd)} {}

    void write(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            ASSERT_GT(count, 0);
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    /// What has come until now.
    [[nodiscard]] std::string read_now() const {
        std::string out;
        std::string piece(65536, '\0');
        for (;;) {
            const auto count = ::recv(fd_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
            if (count <= 0) return out;
            out.append(piece, 0, static_cast<std::size_t>(count));
        }
    }
    /// The other end has said that no more comes.
    [[nodiscard]] bool has_ended() const {
        char byte = 0;
        return ::recv(fd_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
    }
    void hang_up() { fd_.reset(); }
    [[nodiscard]] int native() const noexcept { return fd_.get(); }

private:
    UniqueFd fd_;
};

/// A frame of ours that came.
struct Frame {
    unsigned opcode = 0;
    std::string payload{};
};

/// Takes whole frames off the front of `bytes`.
inline std::vector<Frame> take_frames(std::string& bytes) {
    std::vector<Frame> out;
    for (;;) {
        if (bytes.size() < 2) return out;
        const auto at = [&](std::size_t place) { return static_cast<unsigned char>(bytes[place]); };
        EXPECT_EQ(at(0) & 0xf0U, 0x80U) << "a whole message, without extensions";
        std::size_t header = 2;
        std::size_t size = at(1);
        EXPECT_LT(size, 128U) << "not masked";
        if (size >= 126) {
            const std::size_t digits = size == 126 ? 2 : 8;
            if (bytes.size() < header + digits) return out;
            size = 0;
            for (std::size_t each = 0; each < digits; ++each) size = size << 8U | at(header + each);
            header += digits;
        }
        if (bytes.size() < header + size) return out;
        out.push_back({at(0) & 0xfU, bytes.substr(header, size)});
        bytes.erase(0, header + size);
    }
}

/// A channel between a Wire and a Peer. `buffer`: bytes that the socket of the Wire takes, roughly; 0: as usual.
struct Channel {
    explicit Channel(bool websocket, std::string early = {}, int buffer = 0) : Channel{socket_pair(), buffer} {
        if (websocket) wire.speak_websocket(std::move(early));
    }

    /// What try_read gives until it would block or ends, `most` bytes at a time.
    std::string read_now(std::size_t most = 4096) {
        std::string out;
        std::vector<std::byte> piece(most);
        for (;;) {
            const auto result = wire.try_read(piece);
            out += as_text(Bytes{piece}.first(result.bytes));
            state = result.state;
            if (state != IoResult::State::moved) return out;
        }
    }

    Loop loop;
    Peer peer;
    Wire wire;
    IoResult::State state = IoResult::State::would_block;  ///< of the last reading

private:
    Channel(std::pair<UniqueFd, UniqueFd> ends, int buffer)
        : peer{std::move(ends.first)}, wire{opened(loop, {shrunk(std::move(ends.second), buffer), {}})} {}
    static UniqueFd shrunk(UniqueFd fd, int buffer) {
        if (buffer > 0) ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
        return fd;
    }
};

}  // namespace vmcbridge::io::spice::test
