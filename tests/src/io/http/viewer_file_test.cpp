#include "src/io/http/viewer_file.hpp"

#include <glib.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace vmcbridge::io::http {
namespace {

/// What a program with GLib reads.
std::string read_back(const std::string& file, const char* key) {
    const std::unique_ptr<GKeyFile, decltype(&g_key_file_unref)> parsed{g_key_file_new(), g_key_file_unref};
    GError* error = nullptr;
    if (g_key_file_load_from_data(parsed.get(), file.c_str(), file.size(), G_KEY_FILE_NONE, &error) == 0) {
        const std::string why = error->message;
        g_error_free(error);
        return "no key file: " + why;
    }
    const std::unique_ptr<char, decltype(&g_free)> value{
        g_key_file_get_string(parsed.get(), "virt-viewer", key, nullptr), g_free};
    return value == nullptr ? "none" : value.get();
}

constexpr auto pem = "-----BEGIN CERTIFICATE-----\nMIIB/+==\n-----END CERTIFICATE-----\n";

TEST(KeyFileValue, ComesBackAsItWas) {
    for (const std::string text : {"plain", " ", "  two at each end  ", "\ta tab\t", "a\nb\r\nc", "back\\slash", "\\s",
                                   "\\n", "ends in \\", "a;b,c", "#no comment", "[no group]", "k=v", "é漢", pem}) {
        const auto file = "[virt-viewer]\nx=" + key_file_value(text) + "\n";
        EXPECT_EQ(read_back(file, "x"), text);
        EXPECT_EQ(std::ranges::count(file, '\n'), 2) << file;
    }
}

TEST(ViewerFile, LeadsToThePlainPortWhereThereIsNoTls) {
    const SpicePorts ports{.host = "::1", .port = 5930, .ca_pem = pem, .subject = "C=DE"};
    EXPECT_EQ(viewer_file(ports, "web1", "secret"),
              "[virt-viewer]\ntype=spice\nhost=::1\nport=5930\npassword=secret\ntitle=web1\ndelete-this-file=1\n");
}

TEST(ViewerFile, LeadsToTlsAloneWhereThereIsAny) {
    const SpicePorts ports{
        .host = "vm.example.org", .port = 5930, .tls_port = 5931, .ca_pem = pem, .subject = "C=DE,CN=x y"};
    const auto file = viewer_file(ports, "web1", " a\\b ");
    EXPECT_EQ(read_back(file, "type"), "spice");
    EXPECT_EQ(read_back(file, "host"), "vm.example.org");
    EXPECT_EQ(read_back(file, "port"), "none");
    EXPECT_EQ(read_back(file, "tls-port"), "5931");
    EXPECT_EQ(read_back(file, "password"), " a\\b ");
    EXPECT_EQ(read_back(file, "ca"), pem);
    EXPECT_EQ(read_back(file, "host-subject"), "C=DE,CN=x y");
    EXPECT_EQ(read_back(file, "proxy"), "none");
}

TEST(ViewerFile, TellsACertificateOnlyWhereItIsNeeded) {
    const SpicePorts ports{.host = "h", .tls_port = 1};
    const auto file = viewer_file(ports, "t", "p");
    EXPECT_EQ(read_back(file, "ca"), "none");
    EXPECT_EQ(read_back(file, "host-subject"), "none");
}

}  // namespace
}  // namespace vmcbridge::io::http
