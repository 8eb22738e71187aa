#include "src/io/path_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace vmcbridge::io {

PathWatch::PathWatch(net::execution_context& context)
    : net::execution_context::service{context}, context_{static_cast<net::io_context&>(context)} {
    open();
}

void PathWatch::open() {
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return;
    events_.emplace(context_, fd);
    listen();
}

void PathWatch::shutdown() noexcept { events_.reset(); }

void PathWatch::listen() {
    events_->async_wait(net::posix::descriptor_base::wait_read, [this](const error_code& error) {
        if (error || !events_) return;
        read_events();
        listen();
    });
}

PathWatch::Waiting PathWatch::wait(const std::string& path, std::function<void()> appeared) {
    const auto slash = path.rfind('/');
    if (!events_ || slash == std::string::npos) return {};
    const auto folder = slash == 0 ? "/" : path.substr(0, slash);
    const int watch =
        ::inotify_add_watch(events_->native_handle(), folder.c_str(), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
    if (watch < 0) return {};
    return {*this, {watch, folders_[watch].emplace(path.substr(slash + 1), std::move(appeared))}};
}

void PathWatch::forget(Place place) {
    const auto folder = folders_.find(place.first);
    if (folder == folders_.end()) return;  // the folder has gone
    folder->second.erase(place.second);
    if (!folder->second.empty()) return;
    if (events_) ::inotify_rm_watch(events_->native_handle(), folder->first);
    folders_.erase(folder);
}

void PathWatch::read_events() {
    alignas(inotify_event) std::array<char, 4096> bytes{};
    for (;;) {
        const auto count = ::read(events_->native_handle(), bytes.data(), bytes.size());
        if (count <= 0) return;
        std::vector<std::function<void()>> told;  // who is told may wait for something else at once
        for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
            const auto* const event = reinterpret_cast<const inotify_event*>(&bytes.at(at));
            at += sizeof(inotify_event) + event->len;
            const auto folder = folders_.find(event->wd);
            if (folder == folders_.end()) continue;
            if ((event->mask & IN_IGNORED) != 0) {
                folders_.erase(folder);
                continue;
            }
            const std::string name{event->len == 0 ? "" : event->name};
            const auto [first, last] = folder->second.equal_range(name);
            for (auto each = first; each != last; ++each) told.push_back(each->second);
        }
        for (const auto& tell : told) tell();
    }
}

}  // namespace vmcbridge::io
