#include "src/io/http/viewer_file.hpp"

namespace vmcbridge::io::http {
namespace {

void put(std::string& file, std::string_view key, std::string_view value) {
    (((file += key) += '=') += key_file_value(value)) += '\n';
}

}  // namespace

std::string key_file_value(std::string_view text) {
    std::string out;
    const auto first = text.find_first_not_of(' ');
    const auto last = text.find_last_not_of(' ');
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool at_an_end = first == std::string_view::npos || at < first || at > last;
        switch (text[at]) {
            case '\\': out += R"(\\)"; break;
            case '\n': out += R"(\n)"; break;
            case '\r': out += R"(\r)"; break;
            case '\t': out += R"(\t)"; break;
            case ' ': out += at_an_end ? R"(\s)" : " "; break;
            default: out += text[at];
        }
    }
    return out;
}

std::string viewer_file(const SpicePorts& ports, std::string_view title, std::string_view password) {
    std::string file = "[virt-viewer]\n";
    put(file, "type", "spice");
    put(file, "host", ports.host);
    const bool tls = ports.tls_port != 0;
    if (tls) put(file, "tls-port", std::to_string(ports.tls_port));
    if (!tls) put(file, "port", std::to_string(ports.port));
    put(file, "password", password);
    put(file, "title", title);
    put(file, "delete-this-file", "1");
    if (tls && !ports.ca_pem.empty()) put(file, "ca", ports.ca_pem);
    if (tls && !ports.subject.empty()) put(file, "host-subject", ports.subject);
    return file;
}

}  // namespace vmcbridge::io::http
