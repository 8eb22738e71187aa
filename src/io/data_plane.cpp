#include "src/io/data_plane.hpp"

#include "src/io/asio.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <thread>
#include <vector>

namespace vmcbridge::io {
namespace {

/// One context and its thread. The hint 1 spares Asio the wake-ups between threads that share a context.
struct Lane {
    net::io_context context{1};
    net::executor_work_guard<net::io_context::executor_type> work{context.get_executor()};
    std::thread thread;
};

std::size_t processors() noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

struct DataPlane::Impl {
    std::vector<std::unique_ptr<Lane>> lanes;
};

DataPlane::DataPlane(unsigned threads) : impl_{std::make_unique<Impl>()} {
    const std::size_t count = threads == 0 ? processors() : threads;
    for (std::size_t each = 0; each < count; ++each) impl_->lanes.push_back(std::make_unique<Lane>());
}

DataPlane::~DataPlane() { stop(); }

void DataPlane::start() {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (auto& lane : impl_->lanes) {
        lane->thread = std::thread{[&context = lane->context] { context.run(); }};
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void DataPlane::stop() {
    for (auto& lane : impl_->lanes) lane->context.stop();
    for (auto& lane : impl_->lanes) {
        if (lane->thread.joinable()) lane->thread.join();
    }
}

std::size_t DataPlane::size() const noexcept { return impl_->lanes.size(); }

net::io_context& DataPlane::context(std::size_t index) noexcept { return impl_->lanes[index]->context; }

}  // namespace vmcbridge::io
