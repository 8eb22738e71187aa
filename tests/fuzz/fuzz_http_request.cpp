// The bytes of an HTTP connection: [piece u8] [bytes]. Requests or a named fault, the same however the bytes are cut.
#include "proto/text.hpp"
#include "src/io/http/pages.hpp"
#include "src/io/http/request.hpp"
#include "src/io/http/upgrade.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <string>

namespace vmcbridge::fuzz {
namespace {

using io::http::Request;
using io::http::RequestReader;

void check(const Request& request) {
    require(request.path.starts_with('/'), "a path begins with a slash");
    require(request.all("host").size() == 1, "a request has one Host");
    static_cast<void>(request.is_upgrade());
    static_cast<void>(io::http::Pages::has_route(request.path));
    if (const auto path = io::http::parse_socket_path(request.path)) {
        require(!path->vm.empty(), "a WebSocket path names a machine");
        static_cast<void>(io::http::accept_handshake(request, path->service));
    }
}

std::string requests(Bytes stream, std::size_t piece) {
    RequestReader reader;
    std::string said;
    while (!stream.empty()) {
        const auto fresh = stream.first(std::min(piece, stream.size()));
        stream = stream.subspan(fresh.size());
        reader.feed(fresh);
        for (;;) {
            const auto request = reader.next();
            if (!request) return said + "fault";
            if (!*request) break;
            check(**request);
            said +=
                (*request)->method + ' ' + (*request)->path + '?' + (*request)->query + ' ' + (*request)->body + '\n';
        }
    }
    return said;
}

void run(Input input) {
    const std::size_t piece = 1U + input.u8();
    const auto stream = input.rest();
    require(requests(stream, piece) == requests(stream, std::max<std::size_t>(stream.size(), 1)),
            "requests don't depend on the cut");
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
