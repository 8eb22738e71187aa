#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace vmcbridge {

/// Whoever holds the port of a machine's QEMU guest agent in the bridge's place, and hands on what the bridge wants.
class AgentHolder {
public:
    struct Answer {
        std::string line{};          ///< of the agent, as JSON
        std::string problem{};       ///< why there is none; empty: there is
        bool is_agent_there = true;  ///< false: that is why
    };
    using Done = std::function<void(Answer)>;

    AgentHolder() = default;
    AgentHolder(const AgentHolder&) = delete;
    AgentHolder& operator=(const AgentHolder&) = delete;
    virtual ~AgentHolder() = default;

    // ---- Return at once. `done` is called once, from the main thread; never, if that ends first. From any thread.
    /// A command of the agent's, as JSON. `patience`: for its answer.
    virtual void ask(std::string command, std::chrono::seconds patience, Done done) = 0;
    /// shutdown, reboot or suspend, which an agent does not answer where it obeys: then `line` is of the holder.
    virtual void ask_power(std::string what, Done done) = 0;
};

}  // namespace vmcbridge
