#include "src/io/host_subject.hpp"

#include "tests/src/io/support/certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmcbridge::io {
namespace {

using test::Identity;
using testing::HasSubstr;

struct Case {
    std::string name;
    std::string text;
    test::Subject subject;
    bool matches = true;
};

class HostSubjectTable : public testing::TestWithParam<Case> {};

TEST_P(HostSubjectTable, IsComparedWithTheCertificate) {
    const auto subject = HostSubject::parse(GetParam().text);
    ASSERT_TRUE(subject.has_value()) << subject.error();
    const auto identity = Identity::make(GetParam().subject);
    EXPECT_EQ(subject->matches(*identity.certificate), GetParam().matches) << GetParam().name;
}

const test::Subject host{{"C", "DE"}, {"O", "Example"}, {"CN", "host"}};

INSTANTIATE_TEST_SUITE_P(
    Cases, HostSubjectTable,
    testing::Values(Case{"the same", "C=DE,O=Example,CN=host", host},
                    Case{"spaces in front of attributes", "C=DE, O=Example,  CN=host", host},
                    Case{"long names", "countryName=DE,organizationName=Example,commonName=host", host},
                    Case{"an object identifier", "C=DE,O=Example,2.5.4.3=host", host},
                    Case{"another case of the values", "C=de,O=EXAMPLE,CN=Host", host},
                    Case{"an escaped comma", R"(O=Example\, Inc.,CN=host)", {{"O", "Example, Inc."}, {"CN", "host"}}},
                    Case{"an escaped backslash", R"(O=a\\b,CN=host)", {{"O", R"(a\b)"}, {"CN", "host"}}},
                    Case{"an escaped backslash at the end", R"(CN=host\\)", {{"CN", R"(host\)"}}},
                    Case{"an equals sign in a value", "CN=a=b", {{"CN", "a=b"}}},
                    Case{"letters beyond ASCII", "O=Bücher,CN=host", {{"O", "Bücher"}, {"CN", "host"}}},
                    Case{"an attribute twice", "OU=a,OU=b", {{"OU", "a"}, {"OU", "b"}}},
                    Case{"another order", "CN=host,O=Example,C=DE", host, false},
                    Case{"an attribute twice, in another order", "OU=b,OU=a", {{"OU", "a"}, {"OU", "b"}}, false},
                    Case{"another value", "C=DE,O=Example,CN=other", host, false},
                    Case{"one fewer", "O=Example,CN=host", host, false},
                    Case{"one more", "C=DE,O=Example,OU=x,CN=host", host, false},
                    Case{"a value that only begins like it", "C=DE,O=Example,CN=hos", host, false},
                    Case{"the same value elsewhere", "C=DE,CN=Example,O=host", host, false}),
    [](const auto& each) { return std::to_string(each.index); });

TEST(HostSubject, SaysWhatIsWrongWithAText) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"", "empty"},
        {"host", "ATTRIBUTE=VALUE"},
        {"=host", "ATTRIBUTE=VALUE"},
        {"CN=host,", "last comma"},
        {"CN=host,O", "ATTRIBUTE=VALUE"},
        {R"(CN=host\)", "last backslash"},
        {"NOSUCH=host", "\"NOSUCH=host\" is no part of a subject"},
        {"C=Germany", "\"C=Germany\" is no part of a subject"},
        {"CN=\xff", "no part of a subject"},
        {std::string(5000, 'x'), "longer than"},
    };
    for (const auto& [text, reason] : table) {
        const auto subject = HostSubject::parse(text);
        ASSERT_FALSE(subject.has_value()) << text;
        EXPECT_THAT(subject.error(), testing::AllOf(testing::StartsWith("host-subject"), HasSubstr(reason)));
    }
}

TEST(HostSubjectOf, IsWhatParsingGivesBack) {
    const std::vector<std::pair<test::Subject, std::string>> table{
        {{{"C", "DE"}, {"O", "Example"}, {"CN", "host"}}, "C=DE,O=Example,CN=host"},
        {{{"O", "Example, Inc."}, {"CN", "host"}}, R"(O=Example\, Inc.,CN=host)"},
        {{{"CN", R"(a\b)"}}, R"(CN=a\\b)"},
        {{{"CN", "a=b"}}, "CN=a=b"},
        {{{"O", "Bücher"}, {"OU", "漢"}}, "O=Bücher,OU=漢"},
        {{{"OU", "a"}, {"OU", "b"}}, "OU=a,OU=b"},
        {{{"1.2.3.4.5", "x"}}, "1.2.3.4.5=x"},
        {{}, ""},
    };
    for (const auto& [subject, text] : table) {
        const auto identity = Identity::make(subject);
        EXPECT_EQ(host_subject_of(*identity.certificate), text);
        if (text.empty()) continue;
        const auto parsed = HostSubject::parse(text);
        ASSERT_TRUE(parsed) << parsed.error();
        EXPECT_TRUE(parsed->matches(*identity.certificate)) << text;
    }
}

TEST(HostSubjectOf, WhatTheNotationCantExpressIsLeftOut) {
    const auto identity = Identity::make({{"CN", "host"}});
    auto* const name = X509_get_subject_name(identity.certificate.get());
    const unsigned char text[] = "beside it";
    ASSERT_EQ(X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, &text[0], -1, -1, -1), 1);
    EXPECT_EQ(host_subject_of(*identity.certificate), "") << "two attributes that stand together";
}

}  // namespace
}  // namespace vmcbridge::io
