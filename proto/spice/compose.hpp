#pragma once

#include "proto/spice/message_reader.hpp"
#include "proto/wire.hpp"

#include <cstdint>
#include <vector>

/// For the encoders of channels alone.
namespace vmcbridge::spice {

/// Appends a message: a header of `type` before what `write` appends.
void compose(MessageType type, HeaderWriter& header, std::vector<std::byte>& out, auto write) {
    const auto start = out.size();
    out.resize(start + header.size());
    Writer body{out};
    write(body);
    header.write(out.data() + start, type, static_cast<std::uint32_t>(out.size() - start - header.size()));
}

}  // namespace vmcbridge::spice
