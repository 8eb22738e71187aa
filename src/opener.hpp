#pragma once

#include <functional>
#include <string>

namespace vmcbridge {

/// Opens a host end in the bridge's place: one that it may not open itself, or that lies on another host.
class Opener {
public:
    /// `fd`: a stream socket, the callee's from then on; -1: there is none, and why.
    using Done = std::function<void(int fd, std::string problem)>;

    Opener() = default;
    Opener(const Opener&) = delete;
    Opener& operator=(const Opener&) = delete;
    virtual ~Opener() = default;

    /// Returns at once. `done` is called once, from the main thread; never, if that ends first. From any thread.
    virtual void open(Done done) = 0;
};

}  // namespace vmcbridge
