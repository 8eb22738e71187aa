// unix: and tcp:, sockets on which QEMU listens.
#include "src/io/address.hpp"
#include "src/io/opening_transport.hpp"

namespace vmcbridge::io {
namespace {

class SocketTransport final : public OpeningTransport {
public:
    SocketTransport(net::io_context& context, Address address, TransportOwner owner)
        : OpeningTransport{context, std::move(owner)}, address_{std::move(address)} {}

private:
    Task<Result<UniqueFd, std::string>> open_once() override {
        return connect_to(address_, Clock::now() + connect_patience(address_));
    }

    std::string watched_path() const override { return address_.path; }

    Address address_;
};

}  // namespace

std::unique_ptr<GuestTransport> make_unix_transport(net::io_context& context, const Guest& guest,
                                                    TransportOwner owner) {
    return std::make_unique<SocketTransport>(context, guest.address, std::move(owner));
}

std::unique_ptr<GuestTransport> make_tcp_transport(net::io_context& context, const Guest& guest, TransportOwner owner) {
    return std::make_unique<SocketTransport>(context, guest.address, std::move(owner));
}

}  // namespace vmcbridge::io
