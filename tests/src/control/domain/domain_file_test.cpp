// Domains among the machines of the file and the command line.

#include "src/control/domain/domain_file.hpp"

#include "src/control/options.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vmcbridge::control {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* agent =
    "<domain id='1'><name>a</name><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>\n<devices><channel type='unix'>"
    "<source mode='bind' path='/x'/><target type='virtio' name='com.redhat.spice.0'/></channel></devices></domain>";
constexpr const char* agent_when_on =
    "<domain><name>a</name><devices>\n<channel type='unix'><target type='virtio' name='com.redhat.spice.0'/></channel>"
    "</devices></domain>";
constexpr const char* picture =
    "<domain id='1'><name>a</name><devices><graphics type='vnc' port='5900'/></devices></domain>";
constexpr const char* behind_spice =
    "<domain id='1'><name>a</name><devices><channel type='spicevmc'><target type='virtio'/></channel>"
    "<graphics type='spice' port='5900' passwd='s3cret'/></devices></domain>";

/// Files in a folder that goes with the test.
class DomainFileTest : public testing::Test {
protected:
    DomainFileTest() { std::filesystem::create_directories(folder_); }
    ~DomainFileTest() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, std::string_view text) {
        std::ofstream{folder_ / name} << text;
        return folder_ / name;
    }
    /// What `serve` makes of this file and these domains.
    Result<Config, ConfigFaults> load(std::string_view config, std::vector<std::string> domains) {
        ServeCommand command;
        command.config = write("x.conf", config);
        command.domains = std::move(domains);
        auto file = load_config(command);
        if (!file) return std::move(file).error();
        return std::move(file->config);
    }
    std::vector<std::string> faults_of(std::string_view config, std::vector<std::string> domains) {
        std::vector<std::string> texts;
        const auto loaded = load(config, std::move(domains));
        if (loaded) return texts;
        for (const auto& fault : loaded.error()) texts.push_back(to_text(fault));
        return texts;
    }

    const std::filesystem::path folder_ = testing::TempDir() + "domain_file_test-" + std::to_string(getpid());
};

TEST_F(DomainFileTest, ADomainIsAMachineOfItsName) {
    const auto config = load("[policy]\nresize = any\n", {write("a.xml", agent)});
    ASSERT_TRUE(config) << to_text(config.error().at(0));
    const auto& vm = config->vms.at("a");
    EXPECT_EQ(vm.name, "a");
    EXPECT_EQ(vm.uuid, "4dea22b3-1d52-d8f3-2516-782e98ab3fa0");
    EXPECT_EQ(vm.guest->text, "unix:/x");
    EXPECT_THAT(vm.guest_facts.source, HasSubstr("a.xml:2"));
    EXPECT_EQ(vm.policy.resize, policy::ResizeRule::any);
}

TEST_F(DomainFileTest, ASectionOfItsNameAddsRules) {
    const auto config = load("[vm a]\nresize = off\ndisplay = vnc:h:1\n", {write("a.xml", agent)});
    ASSERT_TRUE(config) << to_text(config.error().at(0));
    EXPECT_EQ(config->vms.at("a").guest->text, "unix:/x");
    EXPECT_EQ(config->vms.at("a").policy.resize, policy::ResizeRule::off);
    EXPECT_EQ(config->vms.at("a").display->text, "vnc:h:1");
}

TEST_F(DomainFileTest, TwoGuestsForOneMachineAreAFault) {
    EXPECT_THAT(faults_of("[vm a]\nguest = unix:/y\n", {write("a.xml", agent)}),
                ElementsAre(AllOf(HasSubstr("x.conf:2: [vm a] guest: \"unix:/y\", but "),
                                  HasSubstr("a.xml:2 says \"unix:/x\"; leave one of them out"))));
    ServeCommand command;
    command.config = write("x.conf", "");
    command.domains = {write("a.xml", agent)};
    command.vms.emplace_back("a", Guest{.address = {{}, 0, "/y"}, .text = "unix:/y"});
    const auto loaded = load_config(command);
    ASSERT_FALSE(loaded);
    EXPECT_THAT(to_text(loaded.error().at(0)), StartsWith("command line: [vm a] guest: \"unix:/y\", but "));
}

TEST_F(DomainFileTest, TheSameGuestInASectionMayAddWhatTheXmlDoesNotKnow) {
    const auto config = load("[vm a]\nguest = spice:127.0.0.1:5900?password-file=/p\n", {write("a.xml", behind_spice)});
    ASSERT_TRUE(config) << to_text(config.error().at(0));
    EXPECT_EQ(config->vms.at("a").guest->password_file, "/p");
    EXPECT_EQ(config->vms.at("a").guest->password, "");
    const auto by_xml = load("[vm a]\nguest = spice:127.0.0.1:5900\n", {write("a.xml", behind_spice)});
    ASSERT_TRUE(by_xml);
    EXPECT_EQ(by_xml->vms.at("a").guest->password, "s3cret");
}

TEST_F(DomainFileTest, ASectionMayNameTheGuestThatTheXmlCant) {
    const auto xml = write("a.xml", agent_when_on);
    EXPECT_THAT(faults_of("", {xml}), ElementsAre(HasSubstr("a.xml:2: <channel>: the agent's port: the path of its")));
    const auto config = load("[vm a]\nguest = unix:/y\n", {xml});
    ASSERT_TRUE(config) << to_text(config.error().at(0));
    EXPECT_EQ(config->vms.at("a").guest->text, "unix:/y");
}

TEST_F(DomainFileTest, ADomainWithoutAnAgentNeedsAPicture) {
    const auto config = load("", {write("a.xml", picture)});
    ASSERT_TRUE(config) << to_text(config.error().at(0));
    EXPECT_EQ(config->vms.at("a").display->text, "vnc:127.0.0.1:5900");
    const auto findings = findings_of({{}, {write("a.xml", picture)}}, nullptr);
    EXPECT_THAT(findings.faults, IsEmpty());
    ASSERT_EQ(findings.notes.size(), 1U);
    EXPECT_THAT(to_text(findings.notes[0]), HasSubstr("a.xml:1: <domain>: no virtio channel is named com.redhat"));
    EXPECT_THAT(
        faults_of("", {write("b.xml", "\n<domain><name>b</name></domain>")}),
        ElementsAre(AllOf(HasSubstr("b.xml:2: <domain>: no virtio channel"), HasSubstr("nor is there a picture"))));
}

TEST_F(DomainFileTest, ASectionNeedsAGuestOrADisplayFromSomewhere) {
    EXPECT_THAT(faults_of("[vm b]\nresize = off\n", {write("a.xml", agent)}),
                ElementsAre(HasSubstr("x.conf:1: [vm b]: has neither a guest nor a display")));
}

TEST_F(DomainFileTest, AnotherUuidInASectionIsAFault) {
    EXPECT_THAT(faults_of("[vm a]\nuuid = 00000000-0000-0000-0000-000000000000\n", {write("a.xml", agent)}),
                ElementsAre(AllOf(HasSubstr("x.conf:2: [vm a] uuid: "), HasSubstr("says \"4dea22b3-1d52-d8f3-2516"))));
}

TEST_F(DomainFileTest, TwoDomainsOfOneNameAreAFault) {
    EXPECT_THAT(
        faults_of("", {write("a.xml", agent), write("b.xml", picture)}),
        ElementsAre(AllOf(HasSubstr("b.xml:1: <name>: the domain at "), HasSubstr("a.xml:1 is named \"a\" too"))));
}

TEST_F(DomainFileTest, OneSocketIsTheGuestOfOneMachine) {
    EXPECT_THAT(faults_of("[vm b]\nguest = unix:/x\n", {write("a.xml", agent)}),
                ElementsAre(HasSubstr("\"unix:/x\" is the guest of a too")));
}

TEST_F(DomainFileTest, APortStandsInOnePlaceOrSaysTheSame) {
    const auto with_port = [&](const std::string& source) {
        return write("p.xml", "<domain id='1'><name>a</name><devices><graphics type='vnc' port='5900'/>\n<channel " +
                                  source + "<target type='virtio' name='p'/></channel></devices></domain>");
    };
    const auto fixed = with_port("type='unix'><source mode='bind' path='/y'/>");
    EXPECT_THAT(faults_of("[vm a]\nport.p = unix:/y\n", {fixed}), IsEmpty());
    EXPECT_THAT(faults_of("[vm a]\nport.p = unix:/z\n", {fixed}),
                ElementsAre(AllOf(HasSubstr("x.conf:2: [vm a] port.p: \"unix:/z\", but "),
                                  HasSubstr("p.xml:2 says \"unix:/y\"; leave one of them out"))));
    EXPECT_THAT(faults_of("[vm a]\nport.q = unix:/y\n", {fixed}),
                ElementsAre(HasSubstr("\"unix:/y\" is the port.q of a too")));
    EXPECT_THAT(faults_of("[vm a]\nport.p = unix:/z\n", {with_port("type='null'>")}), IsEmpty());
}

TEST_F(DomainFileTest, AFileThatIsNoneIsAFault) {
    EXPECT_THAT(faults_of("", {"/nonexistent/a.xml"}),
                ElementsAre("/nonexistent/a.xml: can't be read: No such file or directory"));
    EXPECT_THAT(faults_of("", {folder_}), ElementsAre(HasSubstr("can't be read: Is a directory")));
    EXPECT_THAT(faults_of("", {write("big.xml", "<a>" + std::string(2 << 20, ' ') + "</a>")}),
                ElementsAre(HasSubstr("larger than 1 MiB")));
    std::string deep;
    for (int i = 0; i < 1000; ++i) deep += "<a>";
    EXPECT_THAT(faults_of("", {write("deep.xml", deep)}), ElementsAre(HasSubstr("nested too deep")));
    EXPECT_THAT(faults_of("", {write("bytes.xml", "<domain><name>\xff\xfe</name></domain>")}),
                ElementsAre(HasSubstr("not UTF-8 text")));
}

TEST_F(DomainFileTest, CheckConfigNamesTheFaultsOfBothFiles) {
    const auto config = write("x.conf", "[server]\nlisten = 0.0.0.0:1\n");
    const auto findings = findings_of({config, {write("a.xml", agent_when_on)}}, nullptr);
    ASSERT_EQ(findings.faults.size(), 2U);
    EXPECT_THAT(to_text(findings.faults[0]), HasSubstr("a.xml:2: <channel>"));
    EXPECT_THAT(to_text(findings.faults[1]), HasSubstr("x.conf:2: [server] listen"));
}

}  // namespace
}  // namespace vmcbridge::control
