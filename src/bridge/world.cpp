#include "src/bridge/world.hpp"

#include "src/bridge/spice_client.hpp"

namespace vmcbridge::bridge {

SpiceClient* World::find_spice(ClientId id) const { return dynamic_cast<SpiceClient*>(find_any(id)); }

std::vector<SpiceClient*> World::spice_clients() const {
    std::vector<SpiceClient*> found;
    for (const auto* map : {&clients, &companions})
        for (const auto& [id, client] : *map)
            if (auto* const spice = dynamic_cast<SpiceClient*>(client.get())) found.push_back(spice);
    return found;
}

}  // namespace vmcbridge::bridge
