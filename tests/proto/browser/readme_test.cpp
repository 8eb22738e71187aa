#include "proto/agent/capabilities.hpp"
#include "proto/browser/codes.hpp"
#include "tests/proto/browser/vectors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace vmcbridge::browser::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

const std::string& readme() {
    static const auto text = text_of_file("../../proto/browser/README.md");
    return text;
}

std::string as_code(std::string_view word) { return "`" + std::string{word} + "`"; }

void collect_members(const json::value& schema, std::set<std::string>& members) {
    if (const auto* const list = schema.if_array())
        for (const auto& each : *list) collect_members(each, members);
    const auto* const object = schema.if_object();
    if (object == nullptr) return;
    for (const auto& [key, value] : *object) {
        if (key == "properties")
            for (const auto& [member, ignored] : value.as_object()) members.emplace(member);
        collect_members(value, members);
    }
}

TEST(BrowserReadme, ListsEveryCode) {
    for (const auto& row : codes()) EXPECT_THAT(readme(), HasSubstr("\n| " + as_code(row.name) + " | "));
    for (const auto& row : close_codes())
        EXPECT_THAT(readme(), HasSubstr("\n| " + std::to_string(static_cast<int>(row.code)) + " | "));
}

TEST(BrowserReadme, ListsEveryCapability) {
    for (const auto each : agent::names(agent::CapabilitySet{~0U})) EXPECT_THAT(readme(), HasSubstr(as_code(each)));
}

TEST(BrowserReadme, ListsEveryFrameAndMemberOfTheSchemas) {
    for (const auto* file : {"client-frames.schema.json", "server-frames.schema.json"}) {
        const auto schema = vectors("../../proto/browser/" + std::string{file});
        for (const auto& frame : schema.at("oneOf").as_array()) {
            const auto type = std::string{frame.at("$ref").as_string()}.substr(std::string_view{"#/$defs/"}.size());
            EXPECT_THAT(readme(), HasSubstr("\n| " + as_code(type) + " | ")) << file;
        }
        std::set<std::string> members;
        collect_members(schema, members);
        for (const auto& member : members) EXPECT_THAT(readme(), HasSubstr(as_code(member))) << file;
    }
}

}  // namespace
}  // namespace vmcbridge::browser::test
