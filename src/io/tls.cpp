// files -> PEM -> context -> connections; a client's context carries what it asks of the peer's certificate.
#include "src/io/tls.hpp"

#include "proto/text.hpp"
#include "src/io/host_subject.hpp"
#include "src/io/unique_fd.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <new>
#include <system_error>

namespace vmcbridge::io {
namespace {

constexpr std::size_t pem_file = 1024UL * 1024;  // bytes: a chain has some kilobytes, the system's list less than this

struct Free {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

/// Why OpenSSL refused, in its words; its notes are cleared.
std::string last_reason() {
    const auto code = ERR_peek_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(code)) return std::system_category().message(ERR_GET_REASON(code));
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? text : "unknown error";
}

/// The text of a file, overwritten when it goes: it may be a key.
class PemText {
public:
    /// Error: the reason.
    static Result<PemText, std::string> read(const std::string& path) {
        const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
        struct stat status{};
        if (!file || fstat(file.get(), &status) != 0) return std::system_category().message(errno);
        if (!S_ISREG(status.st_mode)) return std::string{"not a file"};
        if (static_cast<std::size_t>(status.st_size) > pem_file) return std::string{"larger than 1 MiB"};
        PemText out;
        out.text_.resize(static_cast<std::size_t>(status.st_size));
        const auto count = ::read(file.get(), out.text_.data(), out.text_.size());
        if (count < 0) return std::system_category().message(errno);
        out.text_.resize(static_cast<std::size_t>(count));
        return out;
    }
    PemText(PemText&&) noexcept = default;
    PemText& operator=(PemText&&) = delete;
    ~PemText() { OPENSSL_cleanse(text_.data(), text_.size()); }

    /// A reader of the text; dies before it.
    [[nodiscard]] std::unique_ptr<BIO, Free> reader() const {
        return std::unique_ptr<BIO, Free>{BIO_new_mem_buf(text_.data(), static_cast<int>(text_.size()))};
    }

private:
    PemText() = default;
    std::string text_;
};

std::string sentence(std::string_view what, const std::string& path, std::string_view reason) {
    std::string out{what};
    return (((out += " \"") += path) += "\": ") += reason;
}

/// Nobody is there to be asked for a password.
int no_password(char* /*out*/, int /*size*/, int /*writing*/, void* asked) noexcept {
    *static_cast<bool*>(asked) = true;
    return -1;
}

TlsContext make_context(const SSL_METHOD* method) {
    TlsContext context{SSL_CTX_new(method)};
    if (!context) throw std::bad_alloc{};
    auto* const raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    // The 1.3 suites of OpenSSL are all good ones. Of 1.2: forward secrecy and authenticated encryption.
    SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // Idle connections hold no buffer; a write that would block may be tried again from another place.
    SSL_CTX_set_mode(raw,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // tickets are the clients' to keep
    ERR_clear_error();
    return context;
}

/// Empty: done. Else why not.
std::string use_certificates(SSL_CTX* context, const std::string& path) {
    const auto text = PemText::read(path);
    if (!text) return sentence("the certificate", path, text.error());
    const auto reader = text->reader();
    const Certificate own{PEM_read_bio_X509_AUX(reader.get(), nullptr, nullptr, nullptr)};
    if (!own) {
        ERR_clear_error();
        return sentence("the certificate", path, "no certificate in PEM form is in it");
    }
    if (SSL_CTX_use_certificate(context, own.get()) != 1) return sentence("the certificate", path, last_reason());
    for (;;) {
        const Certificate next{PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)};
        if (!next) break;
        if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return sentence("the certificate", path, last_reason());
    }
    const bool whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const auto reason = last_reason();
    return whole ? std::string{} : sentence("the certificate", path, "malformed after the first one: " + reason);
}

/// Empty: done. Else why not.
std::string use_key(SSL_CTX* context, const TlsFiles& files) {
    const auto text = PemText::read(files.key);
    if (!text) return sentence("the key", files.key, text.error());
    bool asked = false;
    const Key key{PEM_read_bio_PrivateKey(text->reader().get(), nullptr, no_password, &asked)};
    ERR_clear_error();
    if (asked) return sentence("the key", files.key, "it is protected by a password; store it without one");
    if (!key) return sentence("the key", files.key, "no private key in PEM form is in it");
    const bool fits = SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
    ERR_clear_error();
    return fits ? std::string{}
                : sentence("the key", files.key, "it doesn't belong to the certificate \"" + files.certificate + '"');
}

// ---- What clients have to know

std::string pem_of(X509& certificate) {
    const std::unique_ptr<BIO, Free> out{BIO_new(BIO_s_mem())};
    if (!out || PEM_write_bio_X509(out.get(), &certificate) != 1) throw std::bad_alloc{};
    char* text = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string der_of(const X509& certificate) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(&certificate, &bytes);
    if (size < 0) throw std::bad_alloc{};
    std::string out(bytes, bytes + size);
    OPENSSL_free(bytes);
    return out;
}

/// The authority is the last certificate of the file, where that one vouches for itself.
ShownCertificate describe(SSL_CTX* context) {
    auto* const own = SSL_CTX_get0_certificate(context);
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_ctrl(context, SSL_CTRL_GET_CHAIN_CERTS, 0, static_cast<void*>(&chain));
    const int count = sk_X509_num(chain);
    auto* const last = count > 0 ? sk_X509_value(chain, count - 1) : own;
    ShownCertificate shown{.der = der_of(*own), .subject = host_subject_of(*own)};
    if (X509_self_signed(last, 1) == 1) shown.ca_pem = pem_of(*last);
    ERR_clear_error();
    return shown;
}

// ---- What a client asks

void free_subject(void* /*parent*/, void* subject, CRYPTO_EX_DATA* /*all*/, int /*index*/, long /*number*/,
                  void* /*argument*/) noexcept {
    delete static_cast<HostSubject*>(subject);
}

/// Where a client's context keeps its HostSubject, which goes with it.
int subject_index() noexcept {
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_subject);
    return index;
}

int verify(X509_STORE_CTX* store, void* /*argument*/) noexcept {
    if (X509_verify_cert(store) != 1) return 0;
    const void* connection = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const auto* context = SSL_get_SSL_CTX(static_cast<const SSL*>(connection));
    const auto* subject = static_cast<const HostSubject*>(SSL_CTX_get_ex_data(context, subject_index()));
    if (subject == nullptr || subject->matches(*X509_STORE_CTX_get0_cert(store))) return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

bool is_number(const std::string& host) noexcept {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

/// Empty: done. Else why not.
std::string use_authorities(SSL_CTX* context, const std::string& path) {
    if (path.empty()) return SSL_CTX_set_default_verify_paths(context) == 1 ? std::string{} : last_reason();
    const auto text = PemText::read(path);
    if (!text) return sentence("the CA file", path, text.error());
    const auto reader = text->reader();
    bool any = false;
    for (;;) {
        const Certificate next{PEM_read_bio_X509_AUX(reader.get(), nullptr, nullptr, nullptr)};
        if (!next) break;
        any = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next.get()) == 1;
        if (!any) return sentence("the CA file", path, last_reason());
    }
    ERR_clear_error();
    return any ? std::string{} : sentence("the CA file", path, "no certificate in PEM form is in it");
}

/// Empty: done. Else why not.
std::string use_name(SSL_CTX* context, const TlsTrust& trust) {
    if (!trust.host_subject.empty()) {
        auto subject = HostSubject::parse(trust.host_subject);
        if (!subject) return subject.error();
        auto kept = std::make_unique<HostSubject>(std::move(*subject));
        if (SSL_CTX_set_ex_data(context, subject_index(), kept.get()) != 1) throw std::bad_alloc{};
        static_cast<void>(kept.release());
        return {};
    }
    auto* const wanted = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool set = !trust.host.empty() &&
                     (is_number(trust.host) ? X509_VERIFY_PARAM_set1_ip_asc(wanted, trust.host.c_str())
                                            : X509_VERIFY_PARAM_set1_host(wanted, trust.host.c_str(), 0)) == 1;
    return set ? std::string{} : "\"" + trust.host + "\" is no name that a certificate could be for";
}

}  // namespace

void TlsFree::operator()(ssl_st* connection) const noexcept { SSL_free(connection); }
void TlsFree::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

bool ShownCertificate::is_for(const std::string& host) const {
    const auto bytes = as_bytes(der);
    const void* raw = bytes.data();
    const auto* at = static_cast<const unsigned char*>(raw);
    const Certificate certificate{d2i_X509(nullptr, &at, static_cast<long>(bytes.size()))};
    if (!certificate || host.empty()) return false;
    const bool matches = is_number(host) ? X509_check_ip_asc(certificate.get(), host.c_str(), 0) == 1
                                         : X509_check_host(certificate.get(), host.data(), host.size(),
                                                           X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
    ERR_clear_error();
    return matches;
}

Result<TlsServer, std::string> TlsServer::open(const TlsFiles& files) {
    auto context = make_context(TLS_server_method());
    auto fault = use_certificates(context.get(), files.certificate);
    if (fault.empty()) fault = use_key(context.get(), files);
    if (!fault.empty()) return fault;
    auto shown = describe(context.get());
    return TlsServer{std::move(context), std::move(shown)};
}

Tls TlsServer::accept() const noexcept {
    Tls tls{SSL_new(context_.get())};
    if (tls) SSL_set_accept_state(tls.get());
    return tls;
}

Result<TlsClient, std::string> TlsClient::open(const TlsTrust& trust) {
    auto context = make_context(TLS_client_method());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context.get(), verify, nullptr);
    auto fault = use_authorities(context.get(), trust.ca_file);
    if (fault.empty()) fault = use_name(context.get(), trust);
    if (!fault.empty()) return fault;
    return TlsClient{std::move(context), is_number(trust.host) ? std::string{} : trust.host};
}

Tls TlsClient::connect() const noexcept {
    Tls tls{SSL_new(context_.get())};
    if (!tls) return tls;
    SSL_set_connect_state(tls.get());
    if (!server_name_.empty()) {
        auto* const name = const_cast<char*>(server_name_.c_str());  // copied
        SSL_ctrl(tls.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name);
    }
    return tls;
}

}  // namespace vmcbridge::io
