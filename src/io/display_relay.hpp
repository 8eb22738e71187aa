#pragma once

#include "src/config.hpp"
#include "src/io/byte_relay.hpp"

namespace vmcbridge::io {

/// A client that wants the picture, and the VM's VNC server. Backpressure is that of the sockets.
class DisplayRelay final : public ByteRelay {
public:
    /// `display`: nullopt, the VM has none.
    DisplayRelay(net::io_context& context, std::string vm, std::optional<Display> display, Stream stream,
                 Arrival arrival);

private:
    Task<bool> connect() override;
    void disconnect(std::string_view reason) override;
    IoResult try_read(MutableBytes out) override { return display_->try_read(out); }
    IoResult try_write(Bytes bytes) override { return display_->try_write(bytes); }
    Task<bool> readable() override { return display_->readable(); }
    Task<bool> writable() override { return display_->writable(); }
    [[nodiscard]] std::string_view far_side() const noexcept override { return "the display"; }

    net::io_context& context_;
    std::string vm_;
    std::optional<Display> target_;
    std::optional<Stream> display_;
};

}  // namespace vmcbridge::io
