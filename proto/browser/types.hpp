#pragma once

#include "proto/browser/frames.hpp"

#include <string_view>

/// The `type` of each frame: spelled here only.
namespace vmcbridge::browser {

template <class Frame>
inline constexpr std::string_view type_of{};

template <>
inline constexpr std::string_view type_of<ClipboardGrab> = "clipboard-grab";
template <>
inline constexpr std::string_view type_of<ClipboardRelease> = "clipboard-release";
template <>
inline constexpr std::string_view type_of<ClipboardRequest> = "clipboard-request";
template <>
inline constexpr std::string_view type_of<ClipboardData> = "clipboard-data";
template <>
inline constexpr std::string_view type_of<ClipboardError> = "clipboard-error";
template <>
inline constexpr std::string_view type_of<Credit> = "credit";
template <>
inline constexpr std::string_view type_of<Ping> = "ping";
template <>
inline constexpr std::string_view type_of<Pong> = "pong";

template <>
inline constexpr std::string_view type_of<Monitors> = "monitors";
template <>
inline constexpr std::string_view type_of<LeadRequest> = "lead";
template <>
inline constexpr std::string_view type_of<Mouse> = "mouse";
template <>
inline constexpr std::string_view type_of<Volume> = "volume";
template <>
inline constexpr std::string_view type_of<DisplayConfig> = "display-config";
template <>
inline constexpr std::string_view type_of<FileStart> = "file-start";
template <>
inline constexpr std::string_view type_of<FileCancel> = "file-cancel";
template <>
inline constexpr std::string_view type_of<TokenRefresh> = "token";

template <>
inline constexpr std::string_view type_of<Welcome> = "welcome";
template <>
inline constexpr std::string_view type_of<AgentChanged> = "agent";
template <>
inline constexpr std::string_view type_of<PermissionsChanged> = "permissions";
template <>
inline constexpr std::string_view type_of<Clients> = "clients";
template <>
inline constexpr std::string_view type_of<MonitorsResult> = "monitors-result";
template <>
inline constexpr std::string_view type_of<LeadChanged> = "lead";
template <>
inline constexpr std::string_view type_of<FileStatus> = "file-status";
template <>
inline constexpr std::string_view type_of<ErrorFrame> = "error";

}  // namespace vmcbridge::browser
