#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/ids.hpp"
#include "proto/result.hpp"
#include "proto/wire.hpp"

namespace vmcbridge::agent {

/// Guest's answer to MONITORS_CONFIG or DISPLAY_CONFIG; matched by type alone.
///
/// Body:  type u32 | error u32        Source: vd_agent.h, VDAgentReply.
struct Reply {
    AgentType type{};
    bool success = false;  ///< VD_AGENT_SUCCESS; every other number is a failure
    friend bool operator==(const Reply&, const Reply&) = default;
};

/// Errors: truncated, trailing_bytes.
[[nodiscard]] Result<Reply> decode_reply(Bytes body, Dialect dialect);
void encode(const Reply& message, Dialect dialect, Writer& out);

/// Host to guest, server port: the last client went. No body.
struct ClientDisconnected {
    friend bool operator==(ClientDisconnected, ClientDisconnected) = default;
};

/// Errors: trailing_bytes.
[[nodiscard]] Result<ClientDisconnected> decode_client_disconnected(Bytes body, Dialect dialect);
void encode(ClientDisconnected message, Dialect dialect, Writer& out);

}  // namespace vmcbridge::agent
