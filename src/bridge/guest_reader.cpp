#include "src/bridge/guest_reader.hpp"

namespace vmcbridge::bridge {

Result<std::optional<GuestEvent>> GuestReader::next(Bytes& input, agent::Dialect dialect) {
    for (;;) {
        if (!slice_) {
            auto slice = chunks_.next(input);
            if (!slice) return slice.error();
            if (!*slice) return std::optional<GuestEvent>{};
            slice_ = **slice;
        }
        auto event = ports_.at(static_cast<std::size_t>(slice_->port)).next(slice_->bytes, dialect);
        if (!event) return event.error();
        if (*event) return std::optional{GuestEvent{.port = slice_->port, .event = **event}};
        slice_.reset();
    }
}

}  // namespace vmcbridge::bridge
