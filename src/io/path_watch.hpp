#pragma once

#include "src/io/asio.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace vmcbridge::io {

/// Tells when a path appears in a folder that is there, by one inotify descriptor for all of a context: whoever waits
/// for many sockets need not try each of them all the time. Where the system gives none, or the folder is not there, it
/// tells nothing. On the context alone.
class PathWatch final : public net::execution_context::service {
public:
    using key_type = PathWatch;
    static inline net::execution_context::id id;  // NOLINT: as Asio wants it

    explicit PathWatch(net::execution_context& context);
    [[nodiscard]] static PathWatch& of(net::io_context& context) { return net::use_service<PathWatch>(context); }

    /// `appeared` is called each time something of this name is made or moved there, until the end of the result.
    class Waiting;
    [[nodiscard]] Waiting wait(const std::string& path, std::function<void()> appeared);

private:
    using Names = std::multimap<std::string, std::function<void()>>;
    using Place = std::pair<int, Names::iterator>;  // descriptor of the folder's watch, and the one who waits there

    void shutdown() noexcept override;
    void open();
    void listen();
    void read_events();
    void forget(Place place);

    net::io_context& context_;
    std::optional<net::posix::basic_stream_descriptor<Executor>> events_;
    std::map<int, Names> folders_;
};

/// One who waits; its end is the end of that.
class PathWatch::Waiting {
public:
    Waiting() = default;
    Waiting(PathWatch& watch, Place place) : watch_{&watch}, place_{place} {}
    Waiting(Waiting&& other) noexcept : watch_{std::exchange(other.watch_, nullptr)}, place_{other.place_} {}
    Waiting& operator=(Waiting&&) = delete;
    /// false: nothing is told any more; the folder is not there, or was removed meanwhile.
    [[nodiscard]] bool is_active() const noexcept {
        return watch_ != nullptr && watch_->folders_.contains(place_.first);
    }
    ~Waiting() {
        if (watch_ != nullptr) watch_->forget(place_);
    }

private:
    PathWatch* watch_ = nullptr;
    Place place_{};
};

}  // namespace vmcbridge::io
