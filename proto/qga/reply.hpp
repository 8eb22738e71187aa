#pragma once

#include "proto/browser/json_reader.hpp"
#include "proto/qga/failure.hpp"

#include <memory>
#include <optional>

namespace vmcbridge::qga {

/// What a guest agent returns for a command: any JSON value, within limits::qga_depth and limits::qga_values.
class Reply {
public:
    /// Null: of a command that succeeds in silence.
    Reply() = default;

    [[nodiscard]] const boost::json::value& value() const noexcept;

private:
    friend Result<Reply, Failure> decode_reply(std::string_view line);

    struct Document {
        browser::JsonReader memory{{.depth = limits::qga_depth, .values = limits::qga_values}};
        std::optional<boost::json::value> value;  // lies in there
    };
    explicit Reply(std::unique_ptr<Document> document) noexcept : document_{std::move(document)} {}

    std::unique_ptr<Document> document_;
};

using Answer = Result<Reply, Failure>;

/// A line of an agent, `{"return": ...}` or `{"error": {"class": ..., "desc": ...}}`, as libvirt hands it on too.
/// Errors: the agent's own; junk, where it is neither. The caller bounds the line.
[[nodiscard]] Answer decode_reply(std::string_view line);

}  // namespace vmcbridge::qga
