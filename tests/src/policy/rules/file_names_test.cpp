#include "proto/limits.hpp"
#include "proto/text.hpp"
#include "src/policy/policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace vmcbridge::policy {
namespace {

std::optional<std::string> for_windows(std::string_view name) { return safe_file_name(name, GuestSystem::windows); }

std::string repeated(std::string_view piece, std::size_t times) {
    std::string text;
    for (; times > 0; --times) text += piece;
    return text;
}

TEST(SafeFileName, AnOrdinaryNameStaysAsItIs) {
    for (const auto* name : {"a", "report.pdf", ".bashrc", "...", " a ", "-rf", "~", "[1]=x;", "$(id)",
                             "a:b*?\"<>|.txt", "CON", "Grüße.txt", "שלום.txt", "👩‍💻.png", "名前", "a.", "100%"})
        EXPECT_EQ(safe_file_name(name), name) << name;
}

TEST(SafeFileName, IsTheLastComponentOfAPath) {
    EXPECT_EQ(safe_file_name("../x"), "x");
    EXPECT_EQ(safe_file_name("/etc/passwd"), "passwd");
    EXPECT_EQ(safe_file_name("C:\\temp\\a.txt"), "a.txt");
    EXPECT_EQ(safe_file_name("a/b\\c"), "c");
    EXPECT_EQ(safe_file_name("a\\b/c"), "c");
    EXPECT_EQ(safe_file_name("dir//\\/"), "dir");
}

TEST(SafeFileName, RefusesWhatNamesNoFile) {
    for (const auto* name : {"", ".", "..", "/", "//\\", "a/..", "a/.", "../", " ", "   ", "\x01", "\u202E", "/ "})
        EXPECT_EQ(safe_file_name(name), std::nullopt) << name;
}

TEST(SafeFileName, WhatOnlyLooksHarmlessBeforeItIsCleanedIsRefused) {
    EXPECT_EQ(safe_file_name(std::string_view{".\0.", 3}), std::nullopt);
    EXPECT_EQ(safe_file_name(".\u200E"), std::nullopt);
    EXPECT_EQ(safe_file_name("a/.\x7F."), std::nullopt);
}

TEST(SafeFileName, ControlCharactersAreDropped) {
    EXPECT_EQ(safe_file_name(std::string_view{"a\0b\x1B[2J\x7F", 9}), "ab[2J");
    EXPECT_EQ(safe_file_name("a\u0080b\u009Bc"), "abc");
}

TEST(SafeFileName, BreaksBetweenWordsStayVisible) {
    EXPECT_EQ(safe_file_name("two\nlines"), "two_lines");
    EXPECT_EQ(safe_file_name("a\tb\r\nc\u2028d\u2029e\u0085f\vg\fh"), "a_b__c_d_e_f_g_h");
    EXPECT_EQ(safe_file_name("\n"), "_");
}

TEST(SafeFileName, WhatTurnsTheDirectionOfWritingIsDropped) {
    EXPECT_EQ(safe_file_name("photo\u202Egpj.exe"), "photogpj.exe");
    EXPECT_EQ(safe_file_name("\u061C\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069x"), "x");
    EXPECT_EQ(safe_file_name("\uFEFFx"), "x");
}

TEST(SafeFileName, WhatIsNoUtf8IsReadAsLatin1) {
    EXPECT_EQ(safe_file_name("Gr\xFC\xDF"
                             "e.txt"),
              "Grüße.txt");
    EXPECT_EQ(safe_file_name("a\x9B"
                             "b\xFF"),
              "abÿ");
    EXPECT_EQ(safe_file_name("\xC3\xA9/\xE9"), "é");
    EXPECT_EQ(safe_file_name("\xE9/\xC3\xA9"), "é") << "only the component counts";
}

TEST(SafeFileName, ALongNameLosesTheEndOfItsStem) {
    EXPECT_EQ(safe_file_name(std::string(255, 'a')), std::string(255, 'a'));
    EXPECT_EQ(safe_file_name(std::string(256, 'a')), std::string(255, 'a'));
    EXPECT_EQ(safe_file_name(std::string(300, 'a') + ".txt"), std::string(251, 'a') + ".txt");
    EXPECT_EQ(safe_file_name("." + std::string(300, 'a')), "." + std::string(254, 'a'));
    EXPECT_EQ(safe_file_name("a." + std::string(300, 'b')), "a." + std::string(253, 'b')) << "that is no extension";
}

TEST(SafeFileName, ACutLeavesCharactersWhole) {
    EXPECT_EQ(safe_file_name(repeated("é", 128)), repeated("é", 127));
    EXPECT_EQ(safe_file_name(repeated("😀", 64)), repeated("😀", 63));
    EXPECT_EQ(safe_file_name("a" + repeated("€", 200) + ".txt"), "a" + repeated("€", 83) + ".txt");
}

TEST(SafeFileName, WindowsForbidsSomeCharacters) {
    EXPECT_EQ(for_windows("a:b*c?d\"e<f>g|h"), "a_b_c_d_e_f_g_h");
    EXPECT_EQ(for_windows("file.txt:stream"), "file.txt_stream");
    EXPECT_EQ(for_windows("Grüße [1].txt"), "Grüße [1].txt");
}

TEST(SafeFileName, WindowsDropsClosingDotsAndSpaces) {
    EXPECT_EQ(for_windows("a.txt. . "), "a.txt");
    EXPECT_EQ(for_windows("..."), std::nullopt);
    EXPECT_EQ(for_windows(". ."), std::nullopt);
    EXPECT_EQ(for_windows(" .a"), " .a");
    EXPECT_EQ(for_windows(std::string(250, 'a') + "     b"), std::string(250, 'a'))
        << "also those that the cut lays bare";
}

TEST(SafeFileName, WindowsKeepsSomeNamesForDevices) {
    for (const auto* name : {"CON", "con", "Nul.txt", "AUX.tar.gz", "prn .txt", "COM1", "lpt9.log", "COM0", "com²",
                             "LPT³.x", "CONIN$", "conout$.txt"})
        EXPECT_EQ(for_windows(name), "_" + std::string{name}) << name;
    for (const auto* name : {"CONSOLE", "COM10", "COM", "LPTX", "xCON", "CON_", "a.CON", "NULL"})
        EXPECT_EQ(for_windows(name), name) << name;
    EXPECT_EQ(for_windows("con. "), "_con");
    EXPECT_EQ(for_windows("CON" + std::string(300, ' ') + "x"), "_CON") << "also when it becomes one by a cut";
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// What must hold for every guest, whatever came.
void expect_safe(const std::string& name) {
    EXPECT_FALSE(name.empty() || name == "." || name == "..");
    EXPECT_LE(name.size(), limits::file_name);
    EXPECT_EQ(name.find_first_of("/\\"), std::string::npos);
    EXPECT_FALSE(has_control(name));
    EXPECT_TRUE(is_utf8(name));
}

TEST(SafeFileName, IsSafeWhateverCame) {
    std::mt19937 random{3};
    constexpr std::string_view pieces[]{".",  "..", "/",      "\\",   " ", "CON",
                                        "\n", "é",  "\u202E", "\x80", ":", "long name "};
    for (int i = 0; i < 50'000; ++i) {
        std::string name;
        for (auto count = random() % 40; count > 0; --count) {
            const auto pick = random() % 20;
            name += pick < std::size(pieces) ? std::string{pieces[pick]} : std::string(1, static_cast<char>(random()));
        }
        for (const auto guest : {GuestSystem::other, GuestSystem::windows}) {
            const auto safe = safe_file_name(name, guest);
            if (!safe) continue;
            expect_safe(*safe);
            ASSERT_EQ(safe_file_name(*safe, guest), safe) << "what is safe stays as it is";
        }
    }
}

}  // namespace
}  // namespace vmcbridge::policy
