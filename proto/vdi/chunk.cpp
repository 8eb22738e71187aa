#include "proto/vdi/chunk.hpp"

#include "proto/agent/header.hpp"

#include <algorithm>

namespace vmcbridge::vdi {

Result<std::optional<ChunkSlice>> ChunkReader::next(Bytes& input) {
    while (left_ == 0) {  // chunks without a body pass without effect
        const auto* header = input.data();
        if (have_ == 0 && input.size() >= header_.size()) {
            input = input.subspan(header_.size());
        } else {
            const auto piece = input.first(std::min(input.size(), header_.size() - have_));
            copy_bytes(header_.data() + have_, piece);
            input = input.subspan(piece.size());
            have_ += piece.size();
            if (have_ < header_.size()) return std::nullopt;
            header = header_.data();
        }
        const auto [port, size] = agent::load_chunk_header(header);
        if (port >= VDP_END_PORT) return ParseError{.fault = Fault::bad_port, .field = "port", .offset = 0};
        have_ = 0;
        port_ = static_cast<ChunkPort>(port);
        left_ = size;
    }
    if (input.empty()) return std::nullopt;
    const auto slice = input.first(std::min(input.size(), left_));
    input = input.subspan(slice.size());
    left_ -= slice.size();
    return ChunkSlice{.port = port_, .bytes = slice};
}

}  // namespace vmcbridge::vdi
