#pragma once

#include "proto/browser/frames.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>

/// The members of a frame of the bridge as the value that they spell, for the vectors.
namespace vmcbridge::browser::test {

using Object = boost::json::object;

inline std::uint64_t number(const Object& o, std::string_view member) {
    return o.at(member).to_number<std::uint64_t>();
}
inline StreamId stream(const Object& o) { return o.at("stream").to_number<StreamId>(); }
inline std::string_view word(const Object& o, std::string_view member) { return o.at(member).as_string(); }
inline std::string text(const Object& o, std::string_view member) {
    return o.contains(member) ? std::string{word(o, member)} : std::string{};
}
inline bool flag(const Object& o, std::string_view member) { return o.at(member).as_bool(); }

inline std::optional<std::uint64_t> number_if_any(const Object& o, std::string_view member) {
    if (!o.contains(member)) return std::nullopt;
    return number(o, member);
}
inline std::optional<Code> code(const Object& o) {
    if (!o.contains("code")) return std::nullopt;
    return find_code(word(o, "code"));
}
inline std::vector<std::string_view> words(const Object& o, std::string_view member) {
    std::vector<std::string_view> list;
    for (const auto& each : o.at(member).as_array()) list.emplace_back(each.as_string());
    return list;
}
inline Selection selection(const Object& o) {
    for (const auto each : {Selection::clipboard, Selection::primary, Selection::secondary})
        if (name(each) == word(o, "selection")) return each;
    ADD_FAILURE() << "selection";
    return {};
}
inline AgentState agent(const Object& o) { return {flag(o, "connected"), words(o, "capabilities")}; }
inline ClientLimits limits(const Object& frame) {
    const auto& o = frame.at("limits").as_object();
    return {number(o, "clipboardBytes"), number(o, "clipboardFromGuestBytes"), number(o, "fileBytes"),
            number(o, "frameBytes"), number(o, "initialCredit")};
}

inline ServerFrame welcome(const Object& o) {
    Welcome f{.vm = text(o, "vm"),
              .client = ClientId{number(o, "client")},
              .user = text(o, "user"),
              .agent = agent(o.at("agent").as_object()),
              .permissions = words(o, "permissions"),
              .limits = limits(o),
              .lead = flag(o, "lead"),
              .resumed = flag(o, "resumed")};
    if (o.contains("resume")) {
        f.resume_token = text(o.at("resume").as_object(), "token");
        f.resume_grace_seconds = o.at("resume").at("graceSeconds").to_number<std::uint32_t>();
    }
    if (o.contains("transfers")) {
        for (const auto& each : o.at("transfers").as_array()) {
            const auto& transfer = each.as_object();
            f.transfers.push_back({number(transfer, "id"), stream(transfer), number(transfer, "received")});
        }
    }
    return f;
}
inline ServerFrame clients(const Object& o) {
    Clients f;
    for (const auto& each : o.at("clients").as_array()) {
        const auto& client = each.as_object();
        f.clients.push_back(
            {ClientId{number(client, "id")}, word(client, "kind"), text(client, "user"), flag(client, "lead")});
    }
    return f;
}
inline ServerFrame grab(const Object& o) {
    ClipboardGrab f{.selection = selection(o), .formats = {}, .serial = number(o, "serial")};
    for (const auto mime : words(o, "formats")) f.formats.add(format_of(mime));
    return f;
}
inline ServerFrame data(const Object& o) {
    ClipboardData f{.id = number(o, "id"), .format = format_of(word(o, "format")), .body = text(o, "text")};
    if (o.contains("stream")) f.body = StreamedData{stream(o), number(o, "size")};
    return f;
}
template <class Status>
Status status(const Object& o, std::initializer_list<Status> all) {
    for (const auto each : all)
        if (name(each) == word(o, "status")) return each;
    ADD_FAILURE() << "status";
    return {};
}
inline ServerFrame monitors_result(const Object& o) {
    using enum MonitorsStatus;
    return MonitorsResult{.id = number_if_any(o, "id"),
                          .status = status(o, {applied, refused, superseded, unanswered}),
                          .code = code(o),
                          .message = text(o, "message")};
}
inline ServerFrame file_status(const Object& o) {
    using enum FileState;
    return FileStatus{.id = number(o, "id"),
                      .status = status(o, {accepted, progress, done, cancelled, error}),
                      .sent = number(o, "sent"),
                      .code = code(o),
                      .message = text(o, "message"),
                      .free_bytes = number_if_any(o, "freeBytes")};
}
inline ServerFrame lead(const Object& o) {
    LeadChanged f{.client = {}, .you = flag(o, "you")};
    if (o.contains("client")) f.client = ClientId{number(o, "client")};
    return f;
}

/// REQUIRES: `object` is a valid frame, and outlives the value.
inline ServerFrame server_frame(const Object& object) {
    static const std::map<std::string_view, ServerFrame (*)(const Object&)> makers{
        {"welcome", welcome},
        {"agent", [](const Object& o) -> ServerFrame { return AgentChanged{agent(o)}; }},
        {"permissions",
         [](const Object& o) -> ServerFrame { return PermissionsChanged{words(o, "permissions"), limits(o)}; }},
        {"clients", clients},
        {"clipboard-grab", grab},
        {"clipboard-release", [](const Object& o) -> ServerFrame { return ClipboardRelease{selection(o)}; }},
        {"clipboard-request",
         [](const Object& o) -> ServerFrame {
             return ClipboardRequest{number(o, "id"), selection(o), format_of(word(o, "format"))};
         }},
        {"clipboard-data", data},
        {"clipboard-error",
         [](const Object& o) -> ServerFrame {
             return ClipboardError{number(o, "id"), code(o).value(), text(o, "message")};
         }},
        {"monitors-result", monitors_result},
        {"lead", lead},
        {"file-status", file_status},
        {"credit", [](const Object& o) -> ServerFrame { return Credit{stream(o), number(o, "bytes")}; }},
        {"ping", [](const Object& o) -> ServerFrame { return Ping{number(o, "id")}; }},
        {"pong", [](const Object& o) -> ServerFrame { return Pong{number(o, "id")}; }},
        {"error",
         [](const Object& o) -> ServerFrame {
             return ErrorFrame{code(o).value(), text(o, "message"), text(o, "about")};
         }},
    };
    return makers.at(word(object, "type"))(object);
}

}  // namespace vmcbridge::browser::test
