#include "proto/agent/reply.hpp"

#include <spice/vd_agent.h>

#include <cstddef>

namespace vmcbridge::agent {

static_assert(sizeof(VDAgentReply) == 8 && offsetof(VDAgentReply, error) == 4);

Result<Reply> decode_reply(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    Reply reply;
    reply.type = in.as<AgentType>("type");
    reply.success = in.u32("error") == VD_AGENT_SUCCESS;
    return in.finish(reply);
}

void encode(const Reply& message, Dialect /*dialect*/, Writer& out) {
    out.as(message.type);
    out.u32(message.success ? VD_AGENT_SUCCESS : VD_AGENT_ERROR);
}

Result<ClientDisconnected> decode_client_disconnected(Bytes body, Dialect /*dialect*/) {
    return Reader{body}.finish(ClientDisconnected{});
}

void encode(ClientDisconnected /*message*/, Dialect /*dialect*/, Writer& /*out*/) {}

}  // namespace vmcbridge::agent
