#include "src/control/sources.hpp"

#include <algorithm>
#include <vector>

namespace vmcbridge::control {
namespace {

/// Makes the keys of `map` equal to `wanted`.
template <class Source, class Make>
void make_equal(std::map<std::string, std::unique_ptr<Source>>& map, const std::vector<std::string>& wanted,
                Make make) {
    std::erase_if(map, [&](const auto& each) { return std::ranges::find(wanted, each.first) == wanted.end(); });
    for (const auto& name : wanted)
        if (!map.contains(name)) map.emplace(name, make(name));
}

}  // namespace

void Sources::configure(const SourcesConfig& wanted) {
    make_equal(finders_, wanted.globs,
               [&](const std::string& glob) { return std::make_unique<SocketFinder>(glob, machines_); });
    make_equal(libvirts_, wanted.libvirt_uris,
               [&](const std::string& uri) { return std::make_unique<LibvirtSource>(uri, machines_); });
    for (const auto& [uri, libvirt] : libvirts_)
        libvirt->configure({.include = wanted.libvirt_include, .exclude = wanted.libvirt_exclude});
}

}  // namespace vmcbridge::control
