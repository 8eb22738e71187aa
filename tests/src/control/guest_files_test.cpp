#include "src/control/guest_files.hpp"

#include "src/control/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace vmcbridge::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class GuestFilesTest : public testing::Test {
protected:
    GuestFilesTest() {
        std::string name = testing::TempDir() + "guest-files-XXXXXX";
        folder_ = ::mkdtemp(name.data());
    }
    ~GuestFilesTest() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text, mode_t mode = 0640) const {
        const auto path = folder_ + "/" + name;
        std::ofstream{path} << text;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    /// The path of a configuration with this guest.
    std::string config(const std::string& guest) const { return write("x.conf", "[vm a]\nguest = " + guest + "\n"); }

    struct Said {
        std::vector<std::string> check;  ///< of check-config
        std::vector<std::string> serve;
        std::string log;
    };
    static std::vector<std::string> texts(const ConfigFaults& faults) {
        std::vector<std::string> out;
        for (const auto& fault : faults) out.push_back(to_text(fault));
        return out;
    }
    Said said(const std::string& guest) const {
        const auto path = config(guest);
        Said said{.check = texts(findings_of({.file = path, .domains = {}}, nullptr).faults), .serve = {}, .log = {}};
        testing::internal::CaptureStderr();
        ServeCommand serve;
        serve.config = path;
        if (const auto loaded = load_config(serve); !loaded) said.serve = texts(loaded.error());
        said.log = testing::internal::GetCapturedStderr();
        return said;
    }

    std::string folder_;
};

TEST_F(GuestFilesTest, ThatAreInOrderAreNoNews) {
    const auto guest = "spice+tls:h:1?password-file=" + write("p", "secret\n") + "&ca-file=" + write("ca", "x", 0644);
    const auto found = said(guest);
    EXPECT_THAT(found.check, IsEmpty());
    EXPECT_THAT(found.serve, IsEmpty());
    EXPECT_EQ(found.log, "");
}

TEST_F(GuestFilesTest, ThatAreMissingAreAFaultOfTheFileAndMayComeLaterWhereItIsServed) {
    for (const auto* option : {"password-file", "ca-file"}) {
        const auto found = said(std::string{"spice+tls:h:1?"} + option + "=/nowhere/at/all");
        const auto what = std::string{option} + " \"/nowhere/at/all\": can't be read: No such file or directory";
        EXPECT_THAT(found.check, ElementsAre(HasSubstr("x.conf:2: [vm a] guest: " + what)));
        EXPECT_THAT(found.serve, IsEmpty());
        EXPECT_THAT(found.log, HasSubstr("event=guest-file level=warning"));
    }
}

TEST_F(GuestFilesTest, ThatAreFoldersAreFaults) {
    for (const auto* option : {"password-file", "ca-file"}) {
        const auto found = said(std::string{"spice+tls:h:1?"} + option + "=" + folder_);
        EXPECT_THAT(found.check, ElementsAre(HasSubstr("not a file")));
        EXPECT_THAT(found.serve, ElementsAre(HasSubstr("not a file")));
    }
}

TEST_F(GuestFilesTest, PasswordThatEverybodyMayReadIsAFault) {
    const auto found = said("spice:h:1?password-file=" + write("p", "secret\n", 0644));
    EXPECT_THAT(found.check, ElementsAre(HasSubstr("everybody on this machine can read")));
    EXPECT_THAT(found.serve, ElementsAre(HasSubstr("everybody on this machine can read")));
}

TEST_F(GuestFilesTest, PasswordHasTheLengthThatTheWayToLogInLets) {
    const auto path = write("p", std::string(61, 'x'));
    EXPECT_THAT(said("spice:h:1?password-file=" + path).check, ElementsAre(HasSubstr("1 to 60 bytes")));
    EXPECT_THAT(said("spice:h:1?user=a&password-file=" + path).check, IsEmpty());
}

TEST_F(GuestFilesTest, PictureFromTwoPlacesIsWorthANote) {
    const auto path = config("spice:h:1\ndisplay = vnc:h:2");
    const auto [faults, notes] = findings_of({.file = path, .domains = {}}, nullptr);
    EXPECT_THAT(faults, IsEmpty());
    EXPECT_THAT(texts(notes), ElementsAre(HasSubstr("x.conf:3: [vm a] display: pages show this one")));
    EXPECT_THAT(findings_of({.file = config("unix:/a\ndisplay = vnc:h:2"), .domains = {}}, nullptr).notes, IsEmpty());
}

}  // namespace
}  // namespace vmcbridge::control
