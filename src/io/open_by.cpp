#include "src/io/open_by.hpp"

#include "src/io/answer_of.hpp"

#include <cerrno>
#include <optional>
#include <utility>

namespace vmcbridge::io {
namespace {

struct Opened {
    std::shared_ptr<UniqueFd> fd;
    std::string problem;
};

}  // namespace

Task<Result<UniqueFd, std::string>> open_by(std::shared_ptr<Opener> opener, Clock::time_point deadline) {
    auto start = [opener](const std::function<void(Opened)>& done) {
        opener->open([done](int fd, std::string problem) {
            done({.fd = std::make_shared<UniqueFd>(fd), .problem = std::move(problem)});
        });
    };
    const auto opened = co_await answer_of<Opened>(std::move(start), deadline);
    if (!opened) co_return "the time is up";
    if (!*opened->fd) co_return opened->problem;
    co_return std::move(*opened->fd);
}

bool is_denied(const error_code& error) noexcept { return error.value() == EACCES || error.value() == EPERM; }

}  // namespace vmcbridge::io
