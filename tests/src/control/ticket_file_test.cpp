#include "src/control/ticket_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace vmcbridge::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class TicketFileTest : public testing::Test {
protected:
    TicketFileTest() {
        std::string name = testing::TempDir() + "ticket-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~TicketFileTest() override { std::filesystem::remove_all(folder_); }
    std::string write(const std::string& name, const std::string& text, mode_t mode = 0640) const {
        const auto path = folder_ + "/" + name;
        std::ofstream{path} << text;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    static std::string problem(const std::string& path) {
        const auto read = read_ticket_file(path);
        return read ? "none" : read.error().text;
    }

    std::string folder_;
};

TEST_F(TicketFileTest, TheFirstLineIsThePassword) {
    const std::string longest(60, 'x');
    EXPECT_EQ(*read_ticket_file(write("a", "secret")), "secret");
    EXPECT_EQ(*read_ticket_file(write("a", "with spaces \r\nmore\n")), "with spaces ");
    EXPECT_EQ(*read_ticket_file(write("a", longest + "\nmore")), longest);
    EXPECT_EQ(*read_ticket_file(write("a", longest + "\r\n")), longest);
}

TEST_F(TicketFileTest, WhatIsNoPasswordIsRefusedWithoutAWordOfIt) {
    for (const auto& text : {std::string{}, std::string{"\nsecret"}, std::string(61, 's'), std::string{"sec\tret"}}) {
        const auto text_of = problem(write("a", text));
        EXPECT_THAT(text_of, HasSubstr("first line"));
        EXPECT_THAT(text_of, Not(HasSubstr("sec")));
    }
}

TEST_F(TicketFileTest, WhatEverybodyMayReadOrWriteIsRefused) {
    for (const mode_t mode : {0644U, 0604U, 0602U}) EXPECT_THAT(problem(write("a", "x", mode)), HasSubstr("everybody"));
    EXPECT_EQ(problem(write("a", "x", 0660)), "none");
}

TEST_F(TicketFileTest, WhatIsNoFileIsRefusedAtOnce) {
    const auto fifo = folder_ + "/fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_THAT(problem(fifo), HasSubstr("not a file"));
    EXPECT_THAT(problem(folder_), HasSubstr("not a file"));
    EXPECT_THAT(problem(folder_ + "/nothing"), HasSubstr("can't be read"));
}

TEST_F(TicketFileTest, EachMachineHasItsOwn) {
    const auto text = "[vm a]\nguest = unix:/a\nspice-ticket-file = " + write("a", "one") +
                      "\n[vm b]\nguest = unix:/b\nspice-ticket-file = " + write("b", "two") +
                      "\n[vm c]\nguest = unix:/c\n";
    auto file = parse_config(text, "x.conf");
    ASSERT_TRUE(file);
    EXPECT_TRUE(read_tickets(file->config, *file).empty());
    EXPECT_EQ(file->config.spice_passwords, (std::map<std::string, std::string>{{"a", "one"}, {"b", "two"}}));
    write("b", "one");
    const auto faults = read_tickets(file->config, *file);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(to_text(faults.front()),
              "x.conf:6: [vm b] spice-ticket-file: the password of a too; each machine needs its own");
}

TEST_F(TicketFileTest, ItsFaultsAreThoseOfTheConfiguration) {
    auto config = read_config(write("x.conf", "[vm a]\nguest = unix:/a\nspice-ticket-file = /nowhere/at/all\n"));
    ASSERT_TRUE(config);
    const auto faults = faults_of(*config, nullptr);
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_THAT(to_text(faults.front()), HasSubstr(":3: [vm a] spice-ticket-file: \"/nowhere/at/all\": can't be read"));
}

}  // namespace
}  // namespace vmcbridge::control
