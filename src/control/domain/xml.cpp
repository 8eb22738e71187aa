#include "src/control/domain/xml.hpp"

#include "proto/text.hpp"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vmcbridge::control {
namespace {

std::string_view view(const xmlChar* text) noexcept {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libxml2's characters are bytes of UTF-8
    return text == nullptr ? std::string_view{} : std::string_view{reinterpret_cast<const char*>(text)};
}

const xmlChar* as_xml(const char* text) noexcept {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as above
    return reinterpret_cast<const xmlChar*>(text);
}

std::string take(xmlChar* text) {
    std::string out{view(text)};
    xmlFree(text);
    return out;
}

/// In our words: libxml2's quote the document.
struct Sentence {
    int code;
    std::string_view text;
};
constexpr std::array sentences{
    Sentence{XML_ERR_DOCUMENT_EMPTY, "no XML begins here"},
    Sentence{XML_ERR_DOCUMENT_START, "no XML begins here"},
    Sentence{XML_ERR_DOCUMENT_END, "something stands behind the end of the outermost element"},
    Sentence{XML_ERR_TAG_NAME_MISMATCH, "an end tag closes another element than the one that is open"},
    Sentence{XML_ERR_TAG_NOT_FINISHED, "the file ends before its elements do; is it whole?"},
    Sentence{XML_ERR_GT_REQUIRED, "a tag has no >"},
    Sentence{XML_ERR_SPACE_REQUIRED, "two attributes stand together without a space"},
    Sentence{XML_ERR_ATTRIBUTE_NOT_STARTED, "the value of an attribute has no quotes"},
    Sentence{XML_ERR_ATTRIBUTE_NOT_FINISHED, "the value of an attribute has no closing quote"},
    Sentence{XML_ERR_ATTRIBUTE_WITHOUT_VALUE, "an attribute has no value"},
    Sentence{XML_ERR_ATTRIBUTE_REDEFINED, "an attribute stands twice"},
    Sentence{XML_ERR_LT_IN_ATTRIBUTE, "a < stands in a value; write &lt;"},
    Sentence{XML_ERR_INVALID_CHAR, "a character that XML does not allow"},
    Sentence{XML_ERR_INVALID_CHARREF, "a character that XML does not allow"},
    Sentence{XML_ERR_UNDECLARED_ENTITY, "an entity besides XML's own; write what it stands for"},
    Sentence{XML_WAR_UNDECLARED_ENTITY, "an entity besides XML's own; write what it stands for"},
    Sentence{XML_ERR_NAME_REQUIRED, "a < or & without a name behind it; write &lt; or &amp;"},
    Sentence{XML_ERR_ENTITYREF_SEMICOL_MISSING, "an & without its ;; write &amp;"},
    Sentence{XML_ERR_NO_MEMORY, "no memory is left"},
};

std::string sentence_of(int code) {
    const auto known = std::ranges::find(sentences, code, &Sentence::code);
    if (known != sentences.end()) return std::string{known->text};
    return "not XML as it has to be (fault " + std::to_string(code) + " of libxml2)";
}

/// What the callbacks found; the first of it counts.
struct Noted {
    std::optional<XmlFault> fault;
};

void note(xmlParserCtxt* parser, std::size_t line, std::string text) {
    auto& noted = *static_cast<Noted*>(parser->_private);
    if (!noted.fault) noted.fault = XmlFault{line, std::move(text)};
}

/// A template: the error is const from libxml2 2.12 on.
template <class Error>
void on_error(void* context, Error* error) {
    if (error->level < XML_ERR_ERROR || error->domain == XML_FROM_NAMESPACE) return;
    const bool deep = error->code == XML_ERR_INTERNAL_ERROR;  // the only one of them that a text can cause
    note(static_cast<xmlParserCtxt*>(context), static_cast<std::size_t>(std::max(error->line, 0)),
         deep ? "nested too deep" : sentence_of(error->code));
}

/// Before anything of it is read: a DTD could name files, and entities that grow.
void on_doctype(void* context, const xmlChar* /*name*/, const xmlChar* /*public_id*/, const xmlChar* /*system_id*/) {
    auto* parser = static_cast<xmlParserCtxt*>(context);
    const auto line = parser->input != nullptr ? static_cast<std::size_t>(std::max(parser->input->line, 0)) : 0;
    note(parser, line, "a DOCTYPE, which a domain of libvirt never has; take it out");
    xmlStopParser(parser);
}

}  // namespace

std::string_view XmlNode::name() const noexcept { return view(node_->name); }

std::size_t XmlNode::line() const noexcept {
    const auto line = xmlGetLineNo(node_);
    return line > 0 ? static_cast<std::size_t>(line) : 0;
}

std::optional<std::string> XmlNode::attribute(const char* name) const {
    xmlChar* value = xmlGetNoNsProp(node_, as_xml(name));
    return value == nullptr ? std::nullopt : std::optional{take(value)};
}

std::vector<XmlNode> XmlNode::children() const {
    std::vector<XmlNode> out;
    for (const auto* each = node_->children; each != nullptr; each = each->next)
        if (each->type == XML_ELEMENT_NODE && each->ns == nullptr) out.emplace_back(each);
    return out;
}

std::vector<XmlNode> XmlNode::children(std::string_view name) const {
    auto out = children();
    std::erase_if(out, [&](const XmlNode& each) { return each.name() != name; });
    return out;
}

std::vector<XmlNode> XmlNode::children_of(std::string_view name_space) const {
    std::vector<XmlNode> out;
    for (const auto* each = node_->children; each != nullptr; each = each->next)
        if (each->type == XML_ELEMENT_NODE && each->ns != nullptr && view(each->ns->href) == name_space)
            out.emplace_back(each);
    return out;
}

std::vector<std::pair<std::string, std::string>> XmlNode::attributes() const {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto* each = node_->properties; each != nullptr; each = each->next) {
        if (each->ns != nullptr) continue;
        const std::string name{view(each->name)};
        out.emplace_back(name, attribute(name.c_str()).value_or(""));
    }
    return out;
}

std::optional<XmlNode> XmlNode::child(std::string_view name) const {
    const auto all = children(name);
    return all.empty() ? std::nullopt : std::optional{all.front()};
}

std::string XmlNode::text() const { return take(xmlNodeGetContent(node_)); }

Result<XmlDocument, XmlFault> XmlDocument::parse(std::string_view text) {
    if (text.size() > xml_max) return XmlFault{0, "larger than 1 MiB; is it the right file?"};
    if (!is_utf8(text)) return XmlFault{0, "not UTF-8 text"};
    const auto free = [](xmlParserCtxt* each) { xmlFreeParserCtxt(each); };
    const std::unique_ptr<xmlParserCtxt, decltype(free)> parser{xmlNewParserCtxt(), free};
    if (!parser) return XmlFault{0, "no memory is left"};
    Noted noted;
    parser->_private = &noted;
    parser->sax->serror = on_error;
    parser->sax->internalSubset = on_doctype;
    constexpr int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES;
    XmlDocument document{
        xmlCtxtReadMemory(parser.get(), text.data(), static_cast<int>(text.size()), nullptr, "UTF-8", options)};
    if (noted.fault) return *std::move(noted.fault);
    if (!document.document_ || xmlDocGetRootElement(document.document_.get()) == nullptr)
        return XmlFault{0, "no XML begins here"};
    return document;
}

XmlNode XmlDocument::root() const noexcept { return XmlNode{xmlDocGetRootElement(document_.get())}; }

}  // namespace vmcbridge::control
