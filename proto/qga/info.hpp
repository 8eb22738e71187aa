#pragma once

#include "proto/qga/command.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// What a QEMU guest agent knows of its machine. All of it is the guest's word: texts are plain ones of at most
/// limits::qga_text bytes (paths limits::qga_path), lists have at most limits::qga_entries entries; what is no such
/// entry is left out. Source: qga/qapi-schema.json.
namespace vmcbridge::qga {

/// Empty: it does not say.
struct System {
    std::string id;  ///< "debian"
    std::string name;
    std::string version;
    std::string kernel;   ///< its release
    std::string machine;  ///< "x86_64"
};

struct Address {
    std::string interface;
    std::string mac;  ///< empty: none
    std::string address;
    std::uint64_t prefix = 0;  ///< bits
};

struct User {
    std::string name;
    std::int64_t since = 0;  ///< seconds of Unix time
};

/// Bytes; nullopt: it does not say.
struct FileSystem {
    std::string mountpoint;
    std::string type;
    std::optional<std::uint64_t> total;
    std::optional<std::uint64_t> used;
};

/// nullopt: it does not have that command, or refuses it, or answered something else.
struct GuestInfo {
    std::string version;  ///< of the agent
    std::optional<std::string> hostname;
    std::optional<System> system;
    std::optional<std::vector<Address>> addresses;
    std::optional<std::vector<User>> users;
    std::optional<std::vector<FileSystem>> file_systems;
};

/// Tells the agent's version, and which commands it has.
inline constexpr Command support_command{"guest-info", {}};

/// A command, and what takes its answer over into the whole.
struct Part {
    Command command;
    void (*decode)(const boost::json::value& answer, GuestInfo& info);
};
/// In the order in which they are asked.
[[nodiscard]] std::span<const Part> parts() noexcept;

/// The parts whose command the agent has, and lets be used, by the answer to support_command; nullopt: it is none.
/// Takes over the version.
[[nodiscard]] std::optional<std::vector<const Part*>> decode_support(const boost::json::value& answer, GuestInfo& info);

}  // namespace vmcbridge::qga
