#include "src/io/sasl_client.hpp"

#include "src/io/sasl_library.hpp"

#include <openssl/crypto.h>

#include <sasl/sasl.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace vmcbridge::io {
namespace {

std::string words(int error) { return sasl_errstring(error, nullptr, nullptr); }

template <class T>
Result<T, std::string> failed(std::string why) {
    return Result<T, std::string>{boost::system::in_place_error, std::move(why)};
}

std::vector<std::string_view> items(std::string_view list) {
    std::vector<std::string_view> out;
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        if (end > 0 && end <= sasl_limits::mechanism_name) out.push_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return out;
}

}  // namespace

struct SaslClient::Impl {
    using Any = int (*)();
    struct Dispose {
        void operator()(sasl_conn_t* connection) const noexcept { sasl_dispose(&connection); }
    };
    struct Wipe {
        void operator()(sasl_secret_t* secret) const noexcept {
            OPENSSL_cleanse(secret, sizeof(sasl_secret_t) + secret->len);
            std::free(secret);
        }
    };
    enum class State : unsigned char { fresh, running, complete, over };

    explicit Impl(Options with);
    [[nodiscard]] int open();
    [[nodiscard]] int choose(const std::string& offered, First& first);
    /// What is the matter most often: SPICE servers ask for a security layer where there is no TLS, and have one for no
    /// mechanism that is worth it.
    [[nodiscard]] const char* hint() const noexcept {
        return options.confidential ? "" : "; for SASL connect by TLS, as in spice+tls:HOST:PORT";
    }
    [[nodiscard]] std::string refuse_message(const std::optional<std::string_view>& data);

    static int give_user(void* self, int /*id*/, const char** out, unsigned* size) noexcept {
        const auto& user = static_cast<Impl*>(self)->options.user;
        *out = user.c_str();
        if (size != nullptr) *size = static_cast<unsigned>(user.size());
        return SASL_OK;
    }
    static int give_password(sasl_conn_t* /*connection*/, void* self, int /*id*/, sasl_secret_t** out) noexcept {
        *out = static_cast<Impl*>(self)->secret.get();
        return *out == nullptr ? SASL_NOMEM : SASL_OK;
    }

    Options options;
    std::unique_ptr<sasl_secret_t, Wipe> secret;
    std::array<sasl_callback_t, 3> callbacks;
    std::unique_ptr<sasl_conn_t, Dispose> connection;
    std::string mechanism;
    std::size_t rounds = 0;
    State state = State::fresh;
};

SaslClient::Impl::Impl(Options with)
    : options{std::move(with)},
      callbacks{sasl_callback_t{SASL_CB_AUTHNAME, std::bit_cast<Any>(&give_user), this},
                sasl_callback_t{SASL_CB_PASS, std::bit_cast<Any>(&give_password), this},
                sasl_callback_t{SASL_CB_LIST_END, nullptr, nullptr}} {
    const auto size = std::min(options.password.size(), sasl_limits::password);
    secret.reset(static_cast<sasl_secret_t*>(std::calloc(1, sizeof(sasl_secret_t) + size)));
    if (!secret) return;
    secret->len = size;
    std::memcpy(&secret->data[0], options.password.data(), size);
}

int SaslClient::Impl::open() {
    if (const int result = sasl::begin_client(); result != SASL_OK) return result;
    sasl_conn_t* made = nullptr;
    const char* host = options.host.empty() ? "localhost" : options.host.c_str();
    int result = sasl_client_new(sasl::service, host, nullptr, nullptr, callbacks.data(), 0, &made);
    connection.reset(made);
    if (result != SASL_OK) return result;
    sasl_security_properties_t properties{};
    properties.max_ssf = 0;
    properties.maxbufsize = static_cast<unsigned>(sasl_limits::message);
    properties.security_flags = SASL_SEC_NOANONYMOUS | (options.confidential ? 0U : unsigned{SASL_SEC_NOPLAINTEXT});
    result = sasl_setprop(made, SASL_SEC_PROPS, &properties);
    return result;
}

int SaslClient::Impl::choose(const std::string& offered, First& first) {
    if (const int result = open(); result != SASL_OK) return result;
    const char* out = nullptr;
    unsigned size = 0;
    const char* name = nullptr;
    const int result = sasl_client_start(connection.get(), offered.c_str(), nullptr, &out, &size, &name);
    first.mechanism = name == nullptr ? "" : name;
    if (out != nullptr) first.data.emplace(out, size);
    return result;
}

std::string SaslClient::Impl::refuse_message(const std::optional<std::string_view>& data) {
    if (++rounds >= sasl_limits::rounds) return "the server goes on and on with SASL";
    return data && data->size() > sasl_limits::message ? "a SASL message of the server is too long" : "";
}

SaslClient::SaslClient(Options options) : impl_{std::make_unique<Impl>(std::move(options))} {}
SaslClient::SaslClient(SaslClient&&) noexcept = default;
SaslClient& SaslClient::operator=(SaslClient&&) noexcept = default;
SaslClient::~SaslClient() = default;

// The library takes the strongest of all, and that may be Kerberos without a ticket: then the next one.
Result<SaslClient::First, std::string> SaslClient::start(std::string_view offered) {
    if (std::exchange(impl_->state, Impl::State::over) != Impl::State::fresh) return failed<First>("begun already");
    auto left = items(offered);
    for (;;) {
        std::string list;
        for (const auto each : left) (list += each) += ' ';
        First first;
        const int result = impl_->choose(list, first);
        if (result == SASL_OK || result == SASL_CONTINUE) {
            impl_->mechanism = first.mechanism;
            impl_->state = result == SASL_OK ? Impl::State::complete : Impl::State::running;
            return first;
        }
        if (result != SASL_NOMECH && std::erase(left, first.mechanism) > 0) continue;
        return failed<First>("no SASL mechanism of the server's can be used: " + words(result) + impl_->hint());
    }
}

Result<std::optional<std::string>, std::string> SaslClient::step(std::optional<std::string_view> data) {
    using Data = std::optional<std::string>;
    if (auto refused = impl_->refuse_message(data); !refused.empty()) {
        impl_->state = Impl::State::over;
        return failed<Data>(std::move(refused));
    }
    // Some servers close with an empty message where the mechanism had its last word before.
    if (impl_->state == Impl::State::complete && (!data || data->empty())) return Data{};
    if (std::exchange(impl_->state, Impl::State::over) != Impl::State::running)
        return failed<Data>("the server goes on after the end of SASL");
    const char* out = nullptr;
    unsigned size = 0;
    const auto said = data.value_or(std::string_view{});
    const int result = sasl_client_step(impl_->connection.get(), said.data() == nullptr ? "" : said.data(),
                                        static_cast<unsigned>(said.size()), nullptr, &out, &size);
    if (result != SASL_OK && result != SASL_CONTINUE)
        return failed<Data>(impl_->mechanism + " with the server fails: " + words(result) + impl_->hint());
    impl_->state = result == SASL_OK ? Impl::State::complete : Impl::State::running;
    return out == nullptr ? Data{} : Data{std::string{out, size}};
}

bool SaslClient::is_complete() const noexcept { return impl_->state == Impl::State::complete; }

}  // namespace vmcbridge::io
