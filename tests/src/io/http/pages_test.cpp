#include "src/io/http/pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vmcbridge::io::http {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class PagesTest : public testing::Test {
protected:
    PagesTest() {
        auto name = (fs::temp_directory_path() / "vmcbridge-pages.XXXXXX").string();
        base_ = ::mkdtemp(name.data());
        write("secret.js", "secret");
        write("web/console/index.html", "<p>index");
        write("web/console/console.html", "<p>console");
        write("web/console/style.css", "p {}");
        write("web/lib/agent.js", "export {};");
        write("web/lib/deep/er.js", "export {};");
        write("web/lib/tool.sh", "exit");
        write("web/lib/.hidden.js", "hidden");
        write("web/package.json", "{}");
        write("web/node_modules/@spice-project/spice-html5/src/display.js", "spice");
        write("web/node_modules/@xterm/addon-fit/lib/addon-fit.mjs", "fit");
        write("real-novnc/core/rfb.js", "rfb");
        fs::create_directories(base_ / "web/node_modules/@novnc");
        fs::create_directory_symlink(base_ / "real-novnc", base_ / "web/node_modules/@novnc/novnc");
        fs::create_symlink(base_ / "secret.js", base_ / "web/lib/link.js");
        fs::create_symlink("agent.js", base_ / "web/lib/inside.js");
        fs::create_directory(base_ / "web/lib/folder.js");
        EXPECT_EQ(::mkfifo((base_ / "web/lib/pipe.js").c_str(), 0600), 0);
        pages_.emplace((base_ / "web").string());
    }
    ~PagesTest() override { fs::remove_all(base_); }

    void write(const fs::path& path, std::string_view text) const {
        fs::create_directories((base_ / path).parent_path());
        std::ofstream{base_ / path} << text;
    }
    Response get(std::string path, std::vector<std::pair<std::string, std::string>> fields = {}) const {
        return pages_->answer({.method = "GET", .path = std::move(path), .query = {}, .fields = std::move(fields)});
    }

    fs::path base_;
    std::optional<Pages> pages_;
};

TEST_F(PagesTest, EachRouteHasItsFolder) {
    EXPECT_EQ(get("/").body, "<p>index");
    EXPECT_EQ(get("/console/web1").body, "<p>console");
    EXPECT_EQ(get("/assets/style.css").body, "p {}");
    EXPECT_EQ(get("/lib/deep/er.js").body, "export {};");
    EXPECT_EQ(get("/vendor/novnc/core/rfb.js").body, "rfb");
    EXPECT_EQ(get("/vendor/spice-html5/src/display.js").body, "spice");
    EXPECT_EQ(get("/vendor/xterm/addon-fit/lib/addon-fit.mjs").body, "fit");
    EXPECT_EQ(get("/lib/inside.js").status, 200U);
}

TEST_F(PagesTest, KindsAreNamed) {
    EXPECT_EQ(get("/").type, "text/html; charset=utf-8");
    EXPECT_EQ(get("/lib/agent.js").type, "text/javascript; charset=utf-8");
    EXPECT_EQ(get("/lib/tool.sh").status, 404U);
}

TEST_F(PagesTest, NoPathLeavesItsFolder) {
    for (const auto* path : {"/lib/../package.json",
                             "/lib/../../secret.js",
                             "/lib/%2e%2e/%2e%2e/secret.js",
                             "/lib/..%2f..%2fsecret.js",
                             "/lib/..%5c..%5csecret.js",
                             "/lib/link.js",
                             "/lib//agent.js",
                             "//etc/passwd",
                             "/etc/passwd",
                             "/lib/",
                             "/lib",
                             "/lib/.hidden.js",
                             "/lib/./agent.js",
                             "/lib/agent.js/",
                             "/lib/agent.js%00.js",
                             "/lib/%zz",
                             "/lib/folder.js",
                             "/lib/pipe.js",
                             "/lib/deep",
                             "/assets/../lib/agent.js",
                             "/vendor/novnc/../../../package.json",
                             "/package.json",
                             "/vendor/agent.js",
                             "/console/",
                             "/console/a/b",
                             "/console/..",
                             "/console/%2e%2e",
                             "/lib/nothing.js"}) {
        const auto response = get(path);
        EXPECT_EQ(response.status, 404U) << path;
        EXPECT_EQ(response.type, "application/problem+json") << path;
        EXPECT_THAT(response.body, testing::Not(HasSubstr("secret"))) << path;
    }
}

TEST_F(PagesTest, UnchangedFileIsNotSentAgain) {
    const auto first = get("/lib/agent.js");
    ASSERT_EQ(first.fields[0].first, "ETag");
    ASSERT_EQ(first.fields[1].first, "Last-Modified");
    EXPECT_EQ(get("/lib/agent.js", {{"if-none-match", first.fields[0].second}}).status, 304U);
    EXPECT_EQ(get("/lib/agent.js", {{"if-none-match", "\"other\", " + first.fields[0].second}}).status, 304U);
    EXPECT_EQ(get("/lib/agent.js", {{"if-modified-since", first.fields[1].second}}).status, 304U);
    EXPECT_EQ(get("/lib/agent.js", {{"if-none-match", "\"other\""}}).status, 200U);
    write("web/lib/agent.js", "export const changed = true;");
    EXPECT_EQ(get("/lib/agent.js", {{"if-none-match", first.fields[0].second}}).status, 200U);
}

TEST_F(PagesTest, OnlyReadingIsAllowed) {
    const auto response = pages_->answer({.method = "PUT", .path = "/lib/agent.js"});
    EXPECT_EQ(response.status, 405U);
    EXPECT_EQ(response.fields[0], (std::pair<std::string, std::string>{"Allow", "GET, HEAD"}));
}

TEST_F(PagesTest, WithoutAFolderNothingIsFound) {
    EXPECT_EQ(Pages{""}.answer({.method = "GET", .path = "/"}).status, 404U);
    EXPECT_EQ(Pages{"/nowhere/at/all"}.answer({.method = "GET", .path = "/"}).status, 404U);
}

TEST(Response, HeadHasTheLengthButNoBody) {
    Response response;
    response.type = "text/plain";
    response.body = "hello";
    const auto text = encode(response, {.head = true});
    EXPECT_THAT(text, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(Response, HostThatIsNoNameDoesNotReachThePolicy) {
    EXPECT_THAT(encode({}, {.host = "localhost:8006"}), HasSubstr("connect-src 'self' ws://localhost:8006 wss://"));
    EXPECT_THAT(encode({}, {.host = "x; script-src *"}), HasSubstr("connect-src 'self';"));
}

TEST(Response, ProblemNamesStatusAndCode) {
    const auto response = problem(404, "no machine", browser::Code::unknown_vm);
    EXPECT_EQ(response.type, "application/problem+json");
    EXPECT_THAT(response.body, HasSubstr(R"("title":"Not Found","status":404)"));
    EXPECT_THAT(response.body, HasSubstr(R"("code":"unknown-vm")"));
}

}  // namespace
}  // namespace vmcbridge::io::http
