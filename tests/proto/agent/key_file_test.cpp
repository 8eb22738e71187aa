#include "proto/agent/key_file.hpp"

#include "proto/limits.hpp"
#include "tests/support/printing.hpp"

#include <glib.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>

namespace vmcbridge::agent {
namespace {

// ---- What Linux agents make of it: GLib's own reader and writer -----------------------------------------------------

constexpr const char* group = "vdagent-file-xfer";

struct Free {
    void operator()(GKeyFile* file) const { g_key_file_unref(file); }
    void operator()(char* text) const { g_free(text); }
};
using KeyFile = std::unique_ptr<GKeyFile, Free>;
using Text = std::unique_ptr<char, Free>;

/// As spice-vdagent reads it; nullopt where it refuses.
std::optional<FileInfo> read_by_glib(const std::string& text) {
    const KeyFile file{g_key_file_new()};
    if (!g_key_file_load_from_data(file.get(), text.c_str(), text.size(), G_KEY_FILE_NONE, nullptr)) return {};
    GError* bad_name = nullptr;
    GError* bad_size = nullptr;
    const Text name{g_key_file_get_string(file.get(), group, "name", &bad_name)};
    const auto size = g_key_file_get_uint64(file.get(), group, "size", &bad_size);
    const bool refused = bad_name != nullptr || bad_size != nullptr;
    g_clear_error(&bad_name);
    g_clear_error(&bad_size);
    if (refused) return {};
    return FileInfo{.name = name.get(), .size = size};
}

std::string write_by_glib(const FileInfo& info) {
    const KeyFile file{g_key_file_new()};
    g_key_file_set_string(file.get(), group, "name", info.name.c_str());
    g_key_file_set_uint64(file.get(), group, "size", info.size);
    const Text text{g_key_file_to_data(file.get(), nullptr, nullptr)};
    return text.get();
}

const std::vector<std::string>& names() {
    static const std::vector<std::string> all{"a.txt",
                                              "",
                                              " ",
                                              "  two leading",
                                              "trailing ",
                                              "in side",
                                              "\ttab",
                                              "a\tb",
                                              "line\nbreak",
                                              "\n",
                                              "cr\rlf\r\n",
                                              "back\\slash",
                                              "\\",
                                              "\\s",
                                              "\\\\n",
                                              "[group]",
                                              "[",
                                              "]",
                                              "name=x",
                                              "=",
                                              "#comment",
                                              ";",
                                              "a;b",
                                              "../../etc/passwd",
                                              "héllo",
                                              "日本語.txt",
                                              "שלום",
                                              "👩‍👩‍👧.png",
                                              "%s",
                                              "\x01\x7f",
                                              std::string(255, 'x'),
                                              std::string(255, '\\'),
                                              std::string(255, ' ')};
    return all;
}

TEST(KeyFile, GLibReadsWhatWeWrite) {
    for (const auto& name : names()) {
        for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{5}, ~std::uint64_t{0}}) {
            const FileInfo info{.name = name, .size = size};
            EXPECT_EQ(read_by_glib(write_key_file(info)), info) << name;
        }
    }
}

TEST(KeyFile, WeReadWhatGLibWrites) {
    for (const auto& name : names()) {
        const FileInfo info{.name = name, .size = 1};
        const auto read = read_key_file(write_by_glib(info));
        ASSERT_TRUE(read) << to_text(read.error());
        EXPECT_EQ(*read, info);
    }
}

TEST(KeyFile, WeReadWhatWeWrite) {
    for (const auto& name : names()) {
        const FileInfo info{.name = name, .size = 18446744073709551615U};
        EXPECT_LE(write_key_file(info).size(), limits::file_start_body);
        EXPECT_EQ(*read_key_file(write_key_file(info)), info);
    }
}

TEST(KeyFile, WeReadEverythingThatGLibReadsAlike) {
    std::mt19937 random{5};
    const std::vector<std::string> pieces{"[vdagent-file-xfer]",
                                          "[other]",
                                          "name",
                                          "size",
                                          "=",
                                          "\n",
                                          "\n",
                                          "\r\n",
                                          " ",
                                          "\t",
                                          "#",
                                          "1",
                                          "42",
                                          "x",
                                          "\\\\",
                                          "\\q",
                                          "\\s",
                                          "\\n",
                                          "[",
                                          "]",
                                          "name=a\n",
                                          "size=7\n",
                                          "size=8\n",
                                          "[vdagent-file-xfer]\n",
                                          "é"};
    int alike = 0;
    for (int round = 0; round < 200'000; ++round) {
        std::string text = random() % 2 == 0 ? "[vdagent-file-xfer]\nname=" : "";
        for (auto count = random() % 9; count > 0; --count) text += pieces[random() % pieces.size()];
        const auto theirs = read_by_glib(text);
        const auto ours = read_key_file(text);
        if (!theirs) continue;
        ++alike;
        ASSERT_TRUE(ours) << to_text(ours.error()) << " in\n" << text;
        ASSERT_EQ(*ours, *theirs) << text;
    }
    EXPECT_GT(alike, 1000) << "too few of the texts were key files";
}

// ---- On our own -------------------------------------------------------------------------------------------------

FileInfo read(std::string_view text) {
    const auto info = read_key_file(text);
    EXPECT_TRUE(info) << (info ? "" : to_text(info.error())) << " in\n" << text;
    return info ? *info : FileInfo{};
}

ParseError refused(std::string_view text) {
    const auto info = read_key_file(text);
    EXPECT_FALSE(info) << text;
    return info ? ParseError{} : info.error();
}

TEST(KeyFile, IsWrittenLineByLineForParsersWithoutEscapes) {
    EXPECT_EQ(write_key_file({.name = "a b.txt", .size = 5}), "[vdagent-file-xfer]\nname=a b.txt\nsize=5\n");
    EXPECT_EQ(write_key_file({.name = "  a\nb\\c", .size = 0}), "[vdagent-file-xfer]\nname=\\s\\sa\\nb\\\\c\nsize=0\n");
}

TEST(KeyFile, UnknownGroupsKeysCommentsAndBlankLinesAreSkipped) {
    const FileInfo expected{.name = "a", .size = 7};
    EXPECT_EQ(
        read("# "
             "hello\n\n[other]\nname=b\nsize=1\n[vdagent-file-xfer]\nfile-xfer-nr=1\nname=a\nsize=7\n[last]\nname=c\n"),
        expected);
    EXPECT_EQ(read("[vdagent-file-xfer]\r\nname=a\r\nsize=7\r\n"), expected);
    EXPECT_EQ(read(" [vdagent-file-xfer] \n name = a\n\tsize\t= 7"), expected);
}

TEST(KeyFile, LastOfTwoCounts) {
    EXPECT_EQ(read("[vdagent-file-xfer]\nname=a\nname=b\nsize=1\nsize=2\n"), (FileInfo{.name = "b", .size = 2}));
}

TEST(KeyFile, NameThatIsNotUtf8IsTakenAsLatin1) {
    EXPECT_EQ(read("[vdagent-file-xfer]\nname=caf\xe9\xff\xbf\x80\nsize=1\n").name, "café\xc3\xbf\xc2\xbf\xc2\x80");
}

TEST(KeyFile, FaultSaysWhatIsMissing) {
    EXPECT_EQ(refused("").field, "group");
    EXPECT_EQ(refused("# nothing\n").field, "group");
    EXPECT_EQ(refused("[other]\nname=a\nsize=1\n").field, "group");
    EXPECT_EQ(refused("[vdagent-file-xfer]\nsize=1\n").field, "name");
    EXPECT_EQ(refused("[vdagent-file-xfer]\nname=a\n").field, "size");
}

TEST(KeyFile, FaultSaysWhereALineIsNone) {
    for (const auto* line : {"junk", "=x", "[open", "[closed] more", "[]x"}) {
        const auto error = refused(std::string{"[vdagent-file-xfer]\n"} + line + "\n");
        EXPECT_EQ(error, (ParseError{.fault = Fault::bad_value, .field = "line", .offset = 20})) << line;
    }
    EXPECT_EQ(refused("name=a\n").field, "line") << "an entry before any group";
}

TEST(KeyFile, SizeIsADecimalU64) {
    for (const auto* size : {"", "-1", "+1", "0x10", "1.5", "1e3", "12 ", "1 2", "18446744073709551616", "٣", "one"}) {
        const auto error = refused(std::string{"[vdagent-file-xfer]\nname=a\nsize="} + size + "\n");
        EXPECT_EQ(error, (ParseError{.fault = Fault::bad_value, .field = "size", .offset = 32})) << size;
    }
    EXPECT_EQ(read("[vdagent-file-xfer]\nname=a\nsize=007\n").size, 7U);
}

TEST(KeyFile, BrokenEscapeIsRefused) {
    for (const auto* name : {"a\\", "\\x41", "\\0", "a\\ b", "\\;"}) {
        const auto error = refused(std::string{"[vdagent-file-xfer]\nname="} + name + "\nsize=1\n");
        EXPECT_EQ(error, (ParseError{.fault = Fault::bad_value, .field = "name", .offset = 25})) << name;
    }
}

TEST(KeyFile, OverItsLimitIsRefusedUnread) {
    std::string text = "[vdagent-file-xfer]\nname=a\nsize=1\n#";
    text.resize(limits::file_start_body, 'x');
    EXPECT_EQ(read(text).size, 1U);
    EXPECT_EQ(refused(text + 'x').fault, Fault::too_large);
}

}  // namespace
}  // namespace vmcbridge::agent
