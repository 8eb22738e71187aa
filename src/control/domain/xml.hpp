#pragma once

#include "proto/result.hpp"

#include <libxml/tree.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// libxml2 at arm's length: a document as a tree to look into. No DTD, no entities but XML's own five, no network.
namespace vmcbridge::control {

/// An element. Valid as long as its document.
class XmlNode {
public:
    explicit XmlNode(const xmlNode* node) noexcept : node_{node} {}

    [[nodiscard]] std::string_view name() const noexcept;
    /// From 1; of a start tag of several lines its last one.
    [[nodiscard]] std::size_t line() const noexcept;
    /// nullopt: it has none of this name.
    [[nodiscard]] std::optional<std::string> attribute(const char* name) const;
    /// The elements of this name right below it; what is in a namespace is somebody else's.
    [[nodiscard]] std::vector<XmlNode> children(std::string_view name) const;
    /// All elements right below it, in their order.
    [[nodiscard]] std::vector<XmlNode> children() const;
    /// Those right below it that are in this namespace.
    [[nodiscard]] std::vector<XmlNode> children_of(std::string_view name_space) const;
    /// Names and values, of attributes without a namespace.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> attributes() const;
    [[nodiscard]] std::optional<XmlNode> child(std::string_view name) const;
    /// All text within it.
    [[nodiscard]] std::string text() const;

private:
    const xmlNode* node_;
};

struct XmlFault {
    std::size_t line;  ///< 0: none
    std::string text;  ///< quotes nothing of the document: passwords stand in such files
};

class XmlDocument {
public:
    /// At most xml_max bytes of UTF-8, nested at most 256 deep.
    [[nodiscard]] static Result<XmlDocument, XmlFault> parse(std::string_view text);
    [[nodiscard]] XmlNode root() const noexcept;

private:
    struct Free {
        void operator()(xmlDoc* document) const noexcept { xmlFreeDoc(document); }
    };
    explicit XmlDocument(xmlDoc* document) noexcept : document_{document} {}
    std::unique_ptr<xmlDoc, Free> document_;
};

inline constexpr std::size_t xml_max = 1024 * 1024;

}  // namespace vmcbridge::control
