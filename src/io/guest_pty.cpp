// pty: the terminal whose other side QEMU holds; and fd: what a manager opened for us.
#include "src/io/address.hpp"
#include "src/io/open_by.hpp"
#include "src/io/opening_transport.hpp"
#include "src/io/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <termios.h>

#include <cerrno>

namespace vmcbridge::io {
namespace {

error_code system_error(int number) noexcept { return {number, boost::system::system_category()}; }
std::string text_of(int number) { return system_error(number).message(); }

// A terminal or virtio port whose other side nobody holds: reading it would end at once, again and again.
error_code peer_error(int fd) noexcept {
    pollfd state{fd, POLLIN, 0};
    if (::poll(&state, 1, 0) < 0) return system_error(errno);
    const bool gone = (state.revents & POLLHUP) != 0 && (state.revents & POLLIN) == 0;
    return gone ? system_error(EIO) : error_code{};
}

error_code prepare(int terminal) noexcept {
    const auto error = make_raw(terminal);
    return error ? error : peer_error(terminal);
}

class PtyTransport final : public OpeningTransport {
public:
    PtyTransport(net::io_context& context, Address address, TransportOwner owner)
        : OpeningTransport{context, std::move(owner)}, address_{std::move(address)} {}

private:
    Task<Result<UniqueFd, std::string>> open_once() override {
        UniqueFd fd{::open(address_.path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
        auto error = fd ? prepare(fd.get()) : system_error(errno);
        if (address_.opener && is_denied(error))
            co_return co_await open_by(address_.opener, Clock::now() + connect_patience(address_));
        if (error) co_return error.message();
        co_return std::move(fd);
    }

    Address address_;
};

/// A terminal or character device can be read again after its peer went and came back; a socket that has ended never
/// comes back.
class FdTransport final : public OpeningTransport {
public:
    FdTransport(net::io_context& context, UniqueFd fd, TransportOwner owner)
        : OpeningTransport{context, std::move(owner)}, fd_{std::move(fd)} {}

private:
    Task<Result<UniqueFd, std::string>> open_once() override {
        struct stat status{};
        if (!fd_) co_return text_of(ENOTCONN);
        if (fstat(fd_.get(), &status) != 0) co_return text_of(errno);
        if (S_ISSOCK(status.st_mode)) co_return std::move(fd_);
        UniqueFd copy{::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0)};
        if (!copy) co_return text_of(errno);
        const auto error = ::isatty(copy.get()) == 1 ? prepare(copy.get()) : peer_error(copy.get());
        if (error) co_return error.message();
        co_return std::move(copy);
    }

    UniqueFd fd_;
};

}  // namespace

error_code make_raw(int terminal) noexcept {
    termios settings{};
    if (tcgetattr(terminal, &settings) != 0) return system_error(errno);
    cfmakeraw(&settings);
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    if (tcsetattr(terminal, TCSANOW, &settings) != 0) return system_error(errno);
    return {};
}

std::unique_ptr<GuestTransport> make_pty_transport(net::io_context& context, const Guest& guest, TransportOwner owner) {
    return std::make_unique<PtyTransport>(context, guest.address, std::move(owner));
}

std::unique_ptr<GuestTransport> make_fd_transport(net::io_context& context, const Guest& guest, TransportOwner owner) {
    return std::make_unique<FdTransport>(context, UniqueFd{guest.fd}, std::move(owner));
}

}  // namespace vmcbridge::io
