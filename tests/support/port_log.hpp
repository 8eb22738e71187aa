#pragma once

#include "proto/vdi/assembler.hpp"
#include "proto/vdi/chunk.hpp"
#include "tests/support/describe.hpp"

#include <array>
#include <string>
#include <vector>

namespace vmcbridge::support {

/// Reads a guest's port as the bridge does and writes down what came, whatever it was cut into: bulk is put together
/// again, so two logs are equal exactly when the peers said the same. Entries are the events of tests/vectors, as text.
class PortLog {
public:
    explicit PortLog(agent::Dialect dialect) : dialect_{dialect} {}

    /// The next read. After a fault nothing more is read.
    void read(Bytes input) {
        while (!over_) {
            const auto slice = chunks_.next(input);
            if (!slice) return fault(slice.error());
            if (!*slice) return;
            read_slice((*slice)->port, (*slice)->bytes);
        }
    }

    [[nodiscard]] const std::vector<std::string>& entries() const { return entries_; }
    /// There was a fault.
    [[nodiscard]] bool is_over() const { return over_; }
    [[nodiscard]] bool is_amid_message() const {
        return std::ranges::any_of(ports_, [](const auto& port) { return port.assembler.is_amid_message(); });
    }

private:
    struct Port {
        vdi::Assembler assembler;
        AgentType bulk_type{};
        ByteVector bulk;
    };

    static constexpr std::array<std::string_view, 3> port_names{"none", "client", "server"};

    void read_slice(ChunkPort number, Bytes bytes) {
        auto& port = ports_.at(static_cast<std::size_t>(number));
        while (!over_) {
            auto event = port.assembler.next(bytes, dialect_);
            if (!event) return fault(event.error());
            if (!*event) return;
            std::visit([&](const auto& each) { note(number, port, each); }, **event);
        }
    }

    void note(ChunkPort number, Port& /*port*/, const vdi::WholeMessage& message) {
        message_came(number, message.type, message.body);
    }
    void note(ChunkPort number, Port& port, const vdi::BulkBegin& begin) {
        port.bulk_type = begin.type;
        port.bulk = copy_of(begin.prefix);
        if (begin.size == 0) message_came(number, begin.type, port.bulk);
    }
    void note(ChunkPort number, Port& port, const vdi::BulkSlice& slice) {
        port.bulk.insert(port.bulk.end(), slice.bytes.begin(), slice.bytes.end());
        if (slice.left == 0) message_came(number, port.bulk_type, port.bulk);
    }
    void note(ChunkPort number, Port& /*port*/, const vdi::SkippedMessage& skipped) {
        add({{"port", port_name(number)}, {"skipped", detail::of(skipped.type)}, {"size", skipped.size}});
    }

    void message_came(ChunkPort number, AgentType type, Bytes body) {
        boost::json::object entry{{"port", port_name(number)}, {"type", detail::of(type)}};
        const auto message = agent::decode(type, body, dialect_);
        if (message) {
            entry["value"] = describe(*message);
        } else {
            entry["refused"] = detail::text(to_text(message.error().fault));
        }
        add(std::move(entry));
    }

    void fault(const ParseError& error) {
        over_ = true;
        add({{"fault", detail::text(to_text(error.fault))}});
    }
    void add(boost::json::object entry) { entries_.push_back(boost::json::serialize(entry)); }
    static boost::json::string port_name(ChunkPort number) {
        return detail::text(port_names.at(static_cast<std::size_t>(number)));
    }

    agent::Dialect dialect_;
    vdi::ChunkReader chunks_;
    std::array<Port, 3> ports_;
    std::vector<std::string> entries_;
    bool over_ = false;
};

}  // namespace vmcbridge::support
