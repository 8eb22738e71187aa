// What ships beside the program says the same as the program.

#include "src/control/address.hpp"
#include "src/control/config_file.hpp"
#include "src/control/keys.hpp"
#include "src/control/options.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

namespace vmcbridge::control {
namespace {

using testing::HasSubstr;

std::string dist_file(const std::string& name) {
    std::ifstream file{std::string{VMCBRIDGE_SOURCE} + "/src/dist/" + name};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_FALSE(text.empty()) << name;
    return text;
}

/// Line breaks and what stands around them become one space.
std::string unwrapped(const std::string& text) { return std::regex_replace(text, std::regex{"\\s+"}, " "); }

/// The sample with the # of each "#key = value" and "#[group]" taken away; empty values stay as they are.
std::string uncommented(const std::string& sample) {
    std::istringstream lines{sample};
    std::string text;
    const std::regex commented{"#(\\[.+\\]|[a-z-]+ = .+)"};
    for (std::string line; std::getline(lines, line); text += line + "\n")
        if (std::smatch match; std::regex_match(line, match, commented)) line = match[1];
    return text;
}

TEST(SampleConfiguration, ChangesNothingAsItIs) {
    const auto file = parse_config(dist_file("vmcbridge.conf"), "vmcbridge.conf");
    ASSERT_TRUE(file) << to_text(file.error().at(0));
    EXPECT_EQ(file->config, Config{});
}

TEST(SampleConfiguration, HasTheDefaultsWhereItsKeysAreUncommented) {
    const auto file = parse_config(uncommented(dist_file("vmcbridge.conf")), "vmcbridge.conf");
    ASSERT_TRUE(file) << to_text(file.error().at(0));
    ServerConfig server;
    server.listen = {Address{"127.0.0.1", default_port, {}}};
    server.admin = Address{{}, 0, std::string{default_admin_folder} + "/admin.sock"};
    EXPECT_EQ(file->config.server, server);
    EXPECT_EQ(file->every_vm, VmConfig{});
    EXPECT_EQ(file->config.vms.size(), 1U);
    EXPECT_TRUE(conflicts(file->config, *file).empty());
}

TEST(SampleConfiguration, ShowsEveryKey) {
    const auto sample = dist_file("vmcbridge.conf");
    for (const auto& key : keys()) {
        const auto line = "\n#" + std::string{key.name} + " =" +
                          (key.default_value.empty() ? "" : " " + std::string{key.default_value} + "\n");
        EXPECT_THAT(sample, HasSubstr(line));
    }
}

TEST(Manual, OfTheFileHasEveryKeyWithValuesAndDefault) {
    const auto manual = unwrapped(dist_file("vmcbridge.conf.5.md"));
    for (const auto& key : keys()) {
        const auto value = key.default_value.empty() ? "none" : "`" + std::string{key.default_value} + "`";
        EXPECT_THAT(manual, HasSubstr("**" + std::string{key.name} + "** : " + std::string{key.help} +
                                      " Values: " + std::string{key.values} + ". Default: " + value + "."));
    }
}

TEST(Manual, OfTheFileHasNoKeyThatIsGone) {
    const auto manual = dist_file("vmcbridge.conf.5.md");
    const std::regex entry{"\n\\*\\*([a-z-]+)\\*\\*\n"};
    for (auto each = std::sregex_iterator{manual.begin(), manual.end(), entry}; each != std::sregex_iterator{}; ++each)
        EXPECT_TRUE(std::ranges::any_of(keys(), [&](const Key& key) { return key.name == (*each)[1].str(); }))
            << (*each)[1];
}

std::set<std::string> options_in(const std::string& text) {
    std::set<std::string> options;
    const std::regex option{"--[a-z]+(-[a-z]+)*"};
    for (auto each = std::sregex_iterator{text.begin(), text.end(), option}; each != std::sregex_iterator{}; ++each)
        options.insert(each->str());
    return options;
}

TEST(Manual, OfTheProgramHasTheOptionsOfItsHelp) {
    std::set<std::string> in_help{"--version"};
    for (const auto* name : {"serve", "demo", "check-config"}) {
        const auto command = parse_command_line(std::vector{name, "--help"}, "");
        ASSERT_TRUE(command);
        in_help.merge(options_in(std::get<PrintCommand>(*command).text));
    }
    EXPECT_EQ(options_in(dist_file("vmcbridge.8.md")), in_help);
}

}  // namespace
}  // namespace vmcbridge::control
