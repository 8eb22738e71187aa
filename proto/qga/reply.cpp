#include "proto/qga/reply.hpp"

#include "proto/limits.hpp"
#include "proto/qga/plain_text.hpp"

#include <boost/json/object.hpp>

namespace vmcbridge::qga {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view name) {
    const auto* const member = object.if_contains(name);
    const auto* const text = member == nullptr ? nullptr : member->if_string();
    return text == nullptr ? std::string{} : plain_text({text->data(), text->size()}, limits::qga_text);
}

Failure refusal(const json::value& error) {
    const auto* const object = error.if_object();
    AgentError said;
    if (object != nullptr) said = {.kind = text_of(*object, "class"), .text = text_of(*object, "desc")};
    if (said.kind.empty()) return junk("the guest agent's error has no class");
    return {.code = browser::Code::guest_error,
            .detail = "the guest agent refused: " + said.kind + ": " + said.text,
            .error = std::move(said)};
}

}  // namespace

const json::value& Reply::value() const noexcept {
    static const json::value null;
    const auto* const object = document_ && document_->value ? document_->value->if_object() : nullptr;
    const auto* const value = object == nullptr ? nullptr : object->if_contains("return");
    return value == nullptr ? null : *value;
}

Answer decode_reply(std::string_view line) {
    auto document = std::make_unique<Reply::Document>();
    auto value = document->memory.read(line);
    if (!value) return junk("what the guest agent says is no answer: expected " + value.error().expected);
    const auto* const object = document->value.emplace(std::move(*value)).if_object();
    if (object == nullptr) return junk("what the guest agent says is no JSON object");
    if (const auto* const error = object->if_contains("error")) return refusal(*error);
    if (!object->contains("return")) return junk("what the guest agent says is neither a return nor an error");
    return Reply{std::move(document)};
}

}  // namespace vmcbridge::qga
