#pragma once

#include "src/io/byte_relay.hpp"
#include "src/io/raw_port.hpp"

namespace vmcbridge::io {

/// A client of a further port: the same bytes as all others, and its own to the port while it may write.
///
/// Who asked for it (`?state=1`) is told in text messages between the bytes whether the port is there, and whether it
/// may write.
class PortRelay final : public ByteRelay, private PortClient {
public:
    /// `port`: nullptr, there is none of that name, or nobody may use it.
    PortRelay(net::io_context& context, std::string vm, std::shared_ptr<RawPort> port, bool wants_state, Stream stream,
              Arrival arrival);
    ~PortRelay() override;

private:
    Task<bool> connect() override;
    void disconnect(std::string_view reason) override;
    IoResult try_read(MutableBytes out) override { return port_->read(id_, out); }
    IoResult try_write(Bytes bytes) override { return port_->write(id_, bytes); }
    Task<bool> readable() override;
    Task<bool> writable() override;
    [[nodiscard]] std::string_view far_side() const noexcept override { return "the port"; }

    void wake() override;
    void port_changed() override;
    void drop(browser::CloseCode code, std::string reason) override { stop(code, std::move(reason)); }

    std::string vm_;
    std::shared_ptr<RawPort> port_;
    ClientId id_{};
    bool wants_state_;
    std::string told_;  // the last state
    Signal readable_;
    Signal writable_;
};

}  // namespace vmcbridge::io
