#pragma once

#include "src/config.hpp"
#include "tests/src/io/support/loop.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmcbridge::io::test {

struct FreeOpenSsl {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
template <class T>
using OpenSsl = std::unique_ptr<T, FreeOpenSsl>;

using Subject = std::vector<std::pair<std::string, std::string>>;

/// A certificate and its key, made on the spot.
struct Identity {
    OpenSsl<EVP_PKEY> key;
    OpenSsl<X509> certificate;

    /// `names`: as OpenSSL writes subjectAltName; empty: none. Signed by `issuer`, or by itself.
    static Identity make(const Subject& subject, const std::string& names = {}, const Identity* issuer = nullptr) {
        Identity made{.key = OpenSsl<EVP_PKEY>{EVP_EC_gen("P-256")}, .certificate = OpenSsl<X509>{X509_new()}};
        auto* const raw = made.certificate.get();
        static long serial = 0;
        X509_set_version(raw, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial);
        X509_gmtime_adj(X509_getm_notBefore(raw), -3600);
        X509_gmtime_adj(X509_getm_notAfter(raw), 3600);
        X509_set_pubkey(raw, made.key.get());
        for (const auto& [attribute, value] : subject) {
            const void* text = value.data();
            EXPECT_EQ(X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), attribute.c_str(), MBSTRING_UTF8,
                                                 static_cast<const unsigned char*>(text),
                                                 static_cast<int>(value.size()), -1, 0),
                      1)
                << attribute;
        }
        const auto& signer = issuer == nullptr ? made : *issuer;
        X509_set_issuer_name(raw, X509_get_subject_name(signer.certificate.get()));
        made.add(NID_basic_constraints, names.empty() ? "critical,CA:TRUE" : "critical,CA:FALSE");
        if (!names.empty()) made.add(NID_subject_alt_name, names);
        EXPECT_GT(X509_sign(raw, signer.key.get(), EVP_sha256()), 0);
        return made;
    }

    [[nodiscard]] std::string der() const {
        unsigned char* bytes = nullptr;
        const int size = i2d_X509(certificate.get(), &bytes);
        std::string out(bytes, bytes + size);
        OPENSSL_free(bytes);
        return out;
    }
    void write_certificate(const std::string& path, const char* mode = "w") const {
        const OpenSsl<std::FILE> file{std::fopen(path.c_str(), mode)};
        EXPECT_EQ(PEM_write_X509(file.get(), certificate.get()), 1);
    }
    /// With a password it is encrypted.
    void write_key(const std::string& path, const char* password = nullptr) const {
        const OpenSsl<std::FILE> file{std::fopen(path.c_str(), "w")};
        EXPECT_EQ(PEM_write_PrivateKey(file.get(), key.get(), password == nullptr ? nullptr : EVP_aes_128_cbc(),
                                       nullptr, 0, nullptr, const_cast<char*>(password)),  // only read
                  1);
    }

private:
    void add(int kind, const std::string& value) {
        const OpenSsl<X509_EXTENSION> extension{X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str())};
        X509_add_ext(certificate.get(), extension.get(), -1);
    }
};

/// A folder with an authority (ca.pem) and what it has signed for this machine (server.pem, server.key).
class Certificates {
public:
    Certificates() {
        authority.write_certificate(ca_file());
        server.write_certificate(files().certificate);
        server.write_key(files().key);
    }
    [[nodiscard]] std::string ca_file() const { return folder / "ca.pem"; }
    [[nodiscard]] TlsFiles files() const {
        return {.certificate = folder / "server.pem", .key = folder / "server.key"};
    }

    Folder folder;
    Identity authority = Identity::make({{"O", "Example"}, {"CN", "an authority"}});
    Identity server =
        Identity::make({{"C", "DE"}, {"O", "Example"}, {"CN", "host"}}, "DNS:localhost,IP:127.0.0.1", &authority);
};

}  // namespace vmcbridge::io::test
