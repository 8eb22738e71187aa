#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace vmcbridge::io {

/// The threads that move bytes: N contexts, each run by one thread, so that nothing pinned to one of them needs a lock.
///
/// Order of a life: construct, then VmRegistry and Server on it, start(); then Server::stop(), VmRegistry::stop(),
/// stop(), and destruction in the reverse order of construction. Only its owner's thread calls it.
class DataPlane {
public:
    /// `threads` contexts; 0: one for each processor that this process may use.
    explicit DataPlane(unsigned threads);
    DataPlane(const DataPlane&) = delete;
    DataPlane& operator=(const DataPlane&) = delete;
    /// Stops at once what still runs.
    ~DataPlane();

    /// Starts the threads, with all signals blocked: signals are the main thread's.
    void start();
    /// Ends the contexts and joins their threads. Connections that still stand are cut.
    void stop();

    [[nodiscard]] std::size_t size() const noexcept;
    /// REQUIRES: index < size(). Posting to it is safe from any thread.
    [[nodiscard]] boost::asio::io_context& context(std::size_t index) noexcept;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace vmcbridge::io
