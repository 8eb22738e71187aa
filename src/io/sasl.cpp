#include "src/io/sasl.hpp"

#include "proto/text.hpp"
#include "src/io/sasl_library.hpp"

#include <sasl/sasl.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vmcbridge::io {
namespace {

using browser::Code;
using StepResult = Result<SaslStep, SaslFault>;

constexpr std::array<std::string_view, 2> never_offered{"ANONYMOUS", "EXTERNAL"};

/// The library's code as words; those with details may hold what the peer sent.
SaslFault fault(Code code, int error) { return {code, sasl_errstring(error, nullptr, nullptr)}; }

/// What the library takes for data that is there, if empty; nullptr: there is none.
const char* pointer_to(const std::optional<std::string_view>& data) noexcept {
    if (!data) return nullptr;
    return data->data() == nullptr ? "" : data->data();
}

unsigned size_of(const std::optional<std::string_view>& data) noexcept {
    return data ? static_cast<unsigned>(data->size()) : 0;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string offered(std::string_view listed) {
    std::string out;
    while (!listed.empty()) {
        const auto end = std::min(listed.find(','), listed.size());
        const auto name = listed.substr(0, end);
        listed.remove_prefix(std::min(end + 1, listed.size()));
        const bool fits =
            out.size() + 1 + name.size() <= sasl_limits::mechanism_list && name.size() <= sasl_limits::mechanism_name;
        if (name.empty() || !fits || std::ranges::find(never_offered, name) != never_offered.end()) continue;
        if (!out.empty()) out += ',';
        out += name;
    }
    return out;
}

bool has_item(std::string_view list, std::string_view item) {
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        if (list.substr(0, end) == item) return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

}  // namespace

struct SaslServer::Impl {
    struct Dispose {
        void operator()(sasl_conn_t* connection) const noexcept { sasl_dispose(&connection); }
    };
    enum class State : unsigned char { fresh, running, over };

    [[nodiscard]] std::optional<SaslFault> prepare(const Options& options);
    [[nodiscard]] std::optional<SaslFault> refuse_message(const std::optional<std::string_view>& data);
    [[nodiscard]] StepResult take(int result, const char* out, unsigned size);
    [[nodiscard]] std::optional<SaslFault> take_user();

    std::unique_ptr<sasl_conn_t, Dispose> connection;
    std::string mechanisms;
    std::string user;
    std::size_t rounds = 0;
    State state = State::fresh;
};

std::optional<SaslFault> SaslServer::Impl::prepare(const Options& options) {
    if (const int result = sasl::begin_server(); result != SASL_OK) return fault(Code::not_supported, result);
    sasl_conn_t* made = nullptr;
    const char* host = options.host.empty() ? nullptr : options.host.c_str();
    int result = sasl_server_new(sasl::service, host, nullptr, nullptr, nullptr, nullptr, 0, &made);
    connection.reset(made);
    if (result != SASL_OK) return fault(Code::not_supported, result);
    sasl_security_properties_t properties{};
    properties.max_ssf = 0;
    properties.maxbufsize = static_cast<unsigned>(sasl_limits::message);
    properties.security_flags = SASL_SEC_NOANONYMOUS | (options.confidential ? 0U : unsigned{SASL_SEC_NOPLAINTEXT});
    result = sasl_setprop(made, SASL_SEC_PROPS, &properties);
    if (result != SASL_OK) return fault(Code::not_supported, result);
    const char* list = nullptr;
    unsigned size = 0;
    result = sasl_listmech(made, nullptr, "", ",", "", &list, &size, nullptr);
    if (result != SASL_OK) return fault(Code::not_supported, result);
    mechanisms = offered({list, size});
    if (mechanisms.empty()) return SaslFault{Code::not_supported, "no mechanism is left"};
    return std::nullopt;
}

std::optional<SaslFault> SaslServer::Impl::refuse_message(const std::optional<std::string_view>& data) {
    if (++rounds > sasl_limits::rounds) return SaslFault{Code::bad_frame, "too many messages"};
    if (data && data->size() > sasl_limits::message) return SaslFault{Code::too_large, "message too large"};
    return std::nullopt;
}

StepResult SaslServer::Impl::take(int result, const char* out, unsigned size) {
    if (result != SASL_OK && result != SASL_CONTINUE) return fault(Code::bad_token, result);
    if (size > sasl_limits::message) return SaslFault{Code::too_large, "answer too large"};
    SaslStep step{.data = {}, .complete = result == SASL_OK};
    if (out != nullptr) step.data.emplace(out, size);
    if (!step.complete) {
        state = State::running;
        return step;
    }
    if (auto refused = take_user()) return std::move(*refused);
    return step;
}

std::optional<SaslFault> SaslServer::Impl::take_user() {
    const void* value = nullptr;
    if (sasl_getprop(connection.get(), SASL_SSF, &value) != SASL_OK || value == nullptr ||
        *static_cast<const sasl_ssf_t*>(value) != 0)
        return SaslFault{Code::bad_token, "a security layer was negotiated"};
    value = nullptr;
    if (sasl_getprop(connection.get(), SASL_USERNAME, &value) != SASL_OK || value == nullptr)
        return SaslFault{Code::bad_token, "no user name"};
    const std::string_view name{static_cast<const char*>(value)};
    if (name.empty() || name.size() > sasl_limits::user || !is_utf8(name) || std::ranges::any_of(name, is_control))
        return SaslFault{Code::bad_token, "a user name that can't be used"};
    user = name;
    return std::nullopt;
}

SaslServer::SaslServer(std::unique_ptr<Impl> impl) noexcept : impl_{std::move(impl)} {}
SaslServer::SaslServer(SaslServer&&) noexcept = default;
SaslServer& SaslServer::operator=(SaslServer&&) noexcept = default;
SaslServer::~SaslServer() = default;

Result<SaslServer, SaslFault> SaslServer::open(const Options& options) {
    auto impl = std::make_unique<Impl>();
    if (auto refused = impl->prepare(options)) return std::move(*refused);
    return SaslServer{std::move(impl)};
}

const std::string& SaslServer::mechanisms() const noexcept { return impl_->mechanisms; }
const std::string& SaslServer::user() const noexcept { return impl_->user; }

StepResult SaslServer::start(std::string_view mechanism, std::optional<std::string_view> data) {
    if (std::exchange(impl_->state, Impl::State::over) != Impl::State::fresh)
        return SaslFault{Code::bad_frame, "begun already"};
    if (!has_item(impl_->mechanisms, mechanism) || mechanism.empty())
        return SaslFault{Code::not_supported, "a mechanism that was not offered"};
    if (auto refused = impl_->refuse_message(data)) return std::move(*refused);
    const char* out = nullptr;
    unsigned size = 0;
    const int result = sasl_server_start(impl_->connection.get(), std::string{mechanism}.c_str(), pointer_to(data),
                                         size_of(data), &out, &size);
    return impl_->take(result, out, size);
}

StepResult SaslServer::step(std::optional<std::string_view> data) {
    if (std::exchange(impl_->state, Impl::State::over) != Impl::State::running)
        return SaslFault{Code::bad_frame, "not begun, or over"};
    if (auto refused = impl_->refuse_message(data)) return std::move(*refused);
    const char* out = nullptr;
    unsigned size = 0;
    const int result = sasl_server_step(impl_->connection.get(), pointer_to(data), size_of(data), &out, &size);
    return impl_->take(result, out, size);
}

}  // namespace vmcbridge::io
