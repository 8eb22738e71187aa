// Files -> TlsServer and TlsClient, and what each side's handshake says of the other.
#include "src/io/tls.hpp"

#include "src/io/stream.hpp"
#include "tests/src/io/support/certificates.hpp"
#include "tests/src/io/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace vmcbridge::io {
namespace {

using test::Certificates;
using test::Identity;
using test::TlsPair;
using testing::AllOf;
using testing::HasSubstr;

class TlsTest : public testing::Test {
protected:
    [[nodiscard]] std::string path(const std::string& name) const { return certificates_.folder / name; }
    void write(const std::string& name, const std::string& text) const { std::ofstream{path(name)} << text; }
    [[nodiscard]] std::string server_fault(const TlsFiles& files) const {
        const auto server = TlsServer::open(files);
        return server ? std::string{} : server.error();
    }
    /// What the client says of the server; empty: it is content.
    [[nodiscard]] std::string verdict(TlsTrust trust) const {
        if (trust.ca_file.empty()) trust.ca_file = certificates_.ca_file();
        const auto server = TlsServer::open(certificates_.files());
        const auto client = TlsClient::open(trust);
        EXPECT_TRUE(client.has_value()) << client.error();
        TlsPair pair{server->accept(), client->connect()};
        pair.shake_hands();
        return pair.client_fault;
    }

    Certificates certificates_;
};

TEST_F(TlsTest, FilesThatFitAreTaken) {
    EXPECT_EQ(server_fault(certificates_.files()), "");
    certificates_.authority.write_certificate(certificates_.files().certificate, "a");
    EXPECT_EQ(server_fault(certificates_.files()), "");
}

TEST_F(TlsTest, AFaultNamesTheFileAndTheReason) {
    const auto [certificate, key] = certificates_.files();
    const auto fault_of_certificate = [&, key = key](const std::string& file) { return server_fault({file, key}); };
    const auto fault_of_key = [&, certificate = certificate](const std::string& file) {
        return server_fault({certificate, file});
    };
    EXPECT_EQ(fault_of_certificate(path("none")),
              "the certificate \"" + path("none") + "\": No such file or directory");
    EXPECT_THAT(fault_of_certificate(path("")), HasSubstr("not a file"));
    EXPECT_THAT(fault_of_certificate(key), HasSubstr("no certificate in PEM form"));
    EXPECT_EQ(fault_of_key(path("none")), "the key \"" + path("none") + "\": No such file or directory");
    EXPECT_THAT(fault_of_key(certificate), HasSubstr("no private key in PEM form"));
    write("rubbish", "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n");
    EXPECT_THAT(fault_of_certificate(path("rubbish")), HasSubstr("no certificate in PEM form"));
    write("empty", "");
    EXPECT_THAT(fault_of_key(path("empty")), HasSubstr("no private key in PEM form"));
    write("huge", std::string(2U << 20U, 'x'));
    EXPECT_THAT(fault_of_key(path("huge")), HasSubstr("larger than 1 MiB"));
}

TEST_F(TlsTest, AChainThatIsCutInItsMiddleIsRefused) {
    const auto files = certificates_.files();
    std::ofstream{files.certificate, std::ios::app} << "-----BEGIN CERTIFICATE-----\nMIIB\n";
    EXPECT_THAT(server_fault(files), AllOf(HasSubstr(files.certificate), HasSubstr("malformed")));
}

TEST_F(TlsTest, AKeyOfAnotherCertificateIsNamedWithIt) {
    const auto other = Identity::make({{"CN", "other"}}, "DNS:other");
    other.write_key(path("other.key"));
    EXPECT_THAT(server_fault({certificates_.files().certificate, path("other.key")}),
                AllOf(HasSubstr(path("other.key")), HasSubstr("doesn't belong to the certificate"),
                      HasSubstr(certificates_.files().certificate)));
}

TEST_F(TlsTest, AKeyUnderAPasswordIsRefusedWithoutAsking) {
    certificates_.server.write_key(path("locked.key"), "secret");
    EXPECT_THAT(server_fault({certificates_.files().certificate, path("locked.key")}), HasSubstr("password"));
}

TEST_F(TlsTest, TheClientTakesACertificateForTheHostFromAnAuthorityThatItKnows) {
    EXPECT_EQ(verdict({.host = "localhost"}), "");
    EXPECT_EQ(verdict({.host = "127.0.0.1"}), "");
}

TEST_F(TlsTest, TheClientRefusesWhatIsNotForTheHost) {
    EXPECT_THAT(verdict({.host = "example.org"}), HasSubstr("certificate is refused: hostname mismatch"));
    EXPECT_THAT(verdict({.host = "127.0.0.2"}), HasSubstr("certificate is refused: IP address mismatch"));
    EXPECT_THAT(verdict({.host = "host"}), HasSubstr("hostname mismatch")) << "names that it is for go before CN";
}

TEST_F(TlsTest, TheClientRefusesAnAuthorityThatItDoesNotKnow) {
    const auto other = Identity::make({{"CN", "another authority"}});
    other.write_certificate(path("other.pem"));
    EXPECT_THAT(verdict({.ca_file = path("other.pem"), .host = "localhost"}), HasSubstr("certificate is refused: "));
}

TEST_F(TlsTest, TheHostSubjectGoesBeforeTheHost) {
    EXPECT_EQ(verdict({.host = "example.org", .host_subject = "C=DE,O=Example,CN=host"}), "");
    EXPECT_THAT(verdict({.host = "localhost", .host_subject = "C=DE,O=Example,CN=other"}), HasSubstr("host-subject"));
    const auto other = Identity::make({{"CN", "another authority"}});
    other.write_certificate(path("other.pem"));
    EXPECT_THAT(verdict({.ca_file = path("other.pem"), .host = "x", .host_subject = "C=DE,O=Example,CN=host"}),
                HasSubstr("certificate is refused: "));
}

TEST_F(TlsTest, TheClientSaysWhatIsWrongWithWhatItIsToAsk) {
    const auto fault = [](const TlsTrust& trust) {
        const auto client = TlsClient::open(trust);
        return client ? std::string{} : client.error();
    };
    EXPECT_EQ(fault({.ca_file = path("none"), .host = "a"}),
              "the CA file \"" + path("none") + "\": No such file or directory");
    EXPECT_THAT(fault({.ca_file = certificates_.files().key, .host = "a"}), HasSubstr("no certificate in PEM form"));
    EXPECT_THAT(fault({.ca_file = {}, .host = {}}), HasSubstr("no name"));
    EXPECT_THAT(fault({.ca_file = {}, .host = "a", .host_subject = "x"}), HasSubstr("host-subject \"x\""));
    EXPECT_EQ(fault({.ca_file = {}, .host = "a"}), "") << "the system's authorities";
}

TEST_F(TlsTest, ShowsWhatClientsHaveToKnowOfTheCertificate) {
    const auto shown = TlsServer::open(certificates_.files())->shown();
    EXPECT_EQ(shown.subject, "C=DE,O=Example,CN=host");
    EXPECT_EQ(shown.ca_pem, "") << "who signed it is not in the file";
    EXPECT_TRUE(shown.is_for("localhost"));
    EXPECT_TRUE(shown.is_for("127.0.0.1"));
    for (const auto* host : {"host", "127.0.0.2", "::1", "localhost.example.org", "local", ""})
        EXPECT_FALSE(shown.is_for(host)) << host;
    EXPECT_FALSE(shown.is_for(std::string{"localhost\0.example.org", 22}));
}

TEST_F(TlsTest, TheAuthorityIsTheLastOfTheFileIfItVouchesForItself) {
    const auto files = certificates_.files();
    const auto between = Identity::make({{"CN", "between"}}, {}, &certificates_.authority);
    between.write_certificate(files.certificate, "a");
    EXPECT_EQ(TlsServer::open(files)->shown().ca_pem, "") << "clients would not be helped by it";
    certificates_.authority.write_certificate(files.certificate, "a");
    const auto shown = TlsServer::open(files)->shown();
    std::stringstream authority;
    authority << std::ifstream{certificates_.ca_file()}.rdbuf();
    EXPECT_EQ(shown.ca_pem, authority.str());
    EXPECT_EQ(shown.subject, "C=DE,O=Example,CN=host") << "of the first";
}

TEST_F(TlsTest, ACertificateThatVouchesForItselfIsItsOwnAuthority) {
    const auto alone = Identity::make({{"CN", "alone"}}, "DNS:alone.example.org");
    alone.write_certificate(path("alone.pem"));
    alone.write_key(path("alone.key"));
    const auto shown = TlsServer::open({path("alone.pem"), path("alone.key")})->shown();
    EXPECT_THAT(shown.ca_pem, HasSubstr("-----BEGIN CERTIFICATE-----"));
    EXPECT_TRUE(shown.is_for("alone.example.org"));
}

}  // namespace
}  // namespace vmcbridge::io
