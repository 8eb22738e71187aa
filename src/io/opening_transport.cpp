#include "src/io/opening_transport.hpp"

#include "src/io/path_watch.hpp"
#include "src/log.hpp"

#include <optional>

namespace vmcbridge::io {

Task<Stream> OpeningTransport::next() {
    Timer timer{context_};
    // A connection that stood for a while was a good one; one that ends at once is no better than a failed try.
    if (given_ && Clock::now() - given_at_ > bounds::reconnect_last) backoff_.reset();
    bool wait = given_;
    std::optional<PathWatch::Waiting> watch;
    for (;;) {
        if (wait) {
            if (!watch || !watch->is_active())
                watch.emplace(PathWatch::of(context_).wait(watched_path(), [&] {
                    backoff_.reset();  // it may be there, and not listen yet
                    timer.cancel();
                }));
            timer.expires_after(backoff_.next());
            [[maybe_unused]] const auto [aborted] = co_await timer.async_wait(as_value);
        }
        wait = true;
        auto fd = co_await open_once();
        if (!fd) {
            report(fd.error());
            continue;
        }
        auto stream = Stream::open(context_, std::move(*fd));
        if (!stream) {
            report(stream.error().message());
            continue;
        }
        static_cast<void>(state_.is_news({}));
        given_ = true;
        given_at_ = Clock::now();
        co_return std::move(*stream);
    }
}

void OpeningTransport::report(const std::string& reason) {
    if (!state_.is_news(reason)) return;
    log::warning("guest-unreachable", {{"vm", owner_.vm}, {"guest", owner_.guest}, {"reason", reason}});
}

}  // namespace vmcbridge::io
