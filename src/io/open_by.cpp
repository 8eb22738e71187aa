#include "src/io/open_by.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <cerrno>
#include <optional>
#include <utility>

namespace vmcbridge::io {

Task<Result<UniqueFd, std::string>> open_by(std::shared_ptr<Opener> opener, Clock::time_point deadline) {
    const net::io_context::executor_type executor = co_await net::this_coro::executor;
    struct Pending {
        Timer timer;
        std::optional<Result<UniqueFd, std::string>> outcome;
    };
    const auto pending = std::make_shared<Pending>(Pending{.timer = Timer{executor, deadline}, .outcome = {}});
    const std::weak_ptr<Pending> waiting{pending};
    opener->open([waiting, executor](int fd, std::string problem) {
        const auto owned = std::make_shared<UniqueFd>(fd);
        net::post(executor, [waiting, owned, problem = std::move(problem)]() mutable {
            const auto still = waiting.lock();
            if (!still) return owned->reset();
            if (*owned)
                still->outcome.emplace(std::move(*owned));
            else
                still->outcome.emplace(std::move(problem));
            still->timer.cancel();
        });
    });
    [[maybe_unused]] const auto [called] = co_await pending->timer.async_wait(as_value);
    if (!pending->outcome) co_return "the time is up";
    co_return *std::move(pending->outcome);
}

bool is_denied(const error_code& error) noexcept { return error.value() == EACCES || error.value() == EPERM; }

}  // namespace vmcbridge::io
