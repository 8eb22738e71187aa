#pragma once

#include "proto/agent/capabilities.hpp"
#include "proto/limits.hpp"
#include "proto/result.hpp"
#include "proto/wire.hpp"

#include <cstdint>
#include <vector>

namespace vmcbridge::agent {

/// The client's volume, for the guest's mixer. Client to guest.
///
/// Body:  is_playback u8 | mute u8 | nchannels u8 | nchannels x volume u16
/// Source: vd_agent.h, VDAgentAudioVolumeSync.
struct AudioVolumeSync {
    bool playback = false;  ///< speakers; else the microphone
    bool mute = false;
    std::vector<std::uint16_t> channels;  ///< 0..65535 each, at most limits::volume_channels
    friend bool operator==(const AudioVolumeSync&, const AudioVolumeSync&) = default;
};

/// Errors: truncated (nchannels says more than there is), trailing_bytes, too_large.
[[nodiscard]] Result<AudioVolumeSync> decode_audio_volume_sync(Bytes body, Dialect dialect);
void encode(const AudioVolumeSync& message, Dialect dialect, Writer& out);

}  // namespace vmcbridge::agent
