#include "proto/result.hpp"

#include <cstdlib>

namespace vmcbridge {

std::string_view to_text(Fault fault) noexcept {
    switch (fault) {
        case Fault::truncated: return "truncated";
        case Fault::trailing_bytes: return "trailing bytes";
        case Fault::bad_value: return "bad value";
        case Fault::too_large: return "too large";
        case Fault::bad_port: return "bad port";
        case Fault::bad_protocol: return "bad protocol";
        case Fault::overrun: return "overrun";
    }
    return "fault";
}

std::string to_text(const ParseError& error) {
    std::string text{to_text(error.fault)};
    text.append(" at byte ").append(std::to_string(error.offset)).append(": ").append(error.field);
    return text;
}

void throw_exception_from_error(const ParseError& /*error*/, const boost::source_location& /*where*/) { std::abort(); }

}  // namespace vmcbridge
