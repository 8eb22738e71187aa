#include "proto/agent/audio.hpp"

#include <spice/vd_agent.h>

#include <cassert>
#include <cstddef>

namespace vmcbridge::agent {

static_assert(sizeof(VDAgentAudioVolumeSync) == 3 && offsetof(VDAgentAudioVolumeSync, nchannels) == 2);
static_assert(limits::volume_channels <= 0xff);

Result<AudioVolumeSync> decode_audio_volume_sync(Bytes body, Dialect /*dialect*/) {
    Reader in{body};
    AudioVolumeSync volume;
    volume.playback = in.u8("is_playback") != 0;
    volume.mute = in.u8("mute") != 0;
    const std::size_t count = in.u8("nchannels");
    if (count > limits::volume_channels) in.reject("nchannels", Fault::too_large);
    if (in.ok()) volume.channels.reserve(count);
    for (std::size_t i = 0; i < count && in.ok(); ++i) volume.channels.push_back(in.u16("volume"));
    return in.finish(std::move(volume));
}

void encode(const AudioVolumeSync& message, Dialect /*dialect*/, Writer& out) {
    assert(message.channels.size() <= limits::volume_channels);
    out.u8(message.playback ? 1 : 0);
    out.u8(message.mute ? 1 : 0);
    out.u8(static_cast<std::uint8_t>(message.channels.size()));
    for (const auto volume : message.channels) out.u16(volume);
}

}  // namespace vmcbridge::agent
