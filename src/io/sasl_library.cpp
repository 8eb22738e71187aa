#include "src/io/sasl_library.hpp"

#include "src/log.hpp"

#include <sasl/sasl.h>

#include <array>
#include <bit>
#include <mutex>
#include <new>

namespace vmcbridge::io::sasl {
namespace {

constexpr const char* application = "vmcbridge";  // the name of the configuration file

// What the library says of failures, for who runs it with --verbose. More talkative levels may hold passwords.
int write_log(void* /*context*/, int level, const char* message) noexcept {
    if (level != SASL_LOG_ERR && level != SASL_LOG_FAIL && level != SASL_LOG_WARN) return SASL_OK;
    if (message != nullptr) log::debug("sasl", {{"says", message}});
    return SASL_OK;
}

const sasl_callback_t* callbacks() noexcept {
    using Any = int (*)();
    // The library casts it back by its id.
    static const std::array list{
        sasl_callback_t{SASL_CB_LOG, std::bit_cast<Any>(&write_log), nullptr},
        sasl_callback_t{SASL_CB_LIST_END, nullptr, nullptr},
    };
    return list.data();
}

// The library locks what its connections share with what it is given, and with nothing where it is given none.
void* make_lock() noexcept { return new (std::nothrow) std::mutex; }
int lock(void* mutex) noexcept {
    static_cast<std::mutex*>(mutex)->lock();
    return SASL_OK;
}
int unlock(void* mutex) noexcept {
    static_cast<std::mutex*>(mutex)->unlock();
    return SASL_OK;
}
void free_lock(void* mutex) noexcept { delete static_cast<std::mutex*>(mutex); }

struct Begun {
    int server = SASL_FAIL;
    int client = SASL_FAIL;
};

/// Both together: they share the plug-ins that they load.
const Begun& begun() noexcept {
    static const Begun once = [] {
        sasl_set_mutex(make_lock, lock, unlock, free_lock);
        Begun result;
        result.server = sasl_server_init(callbacks(), application);
        result.client = sasl_client_init(callbacks());
        return result;
    }();
    return once;
}

}  // namespace

int begin_server() noexcept { return begun().server; }
int begin_client() noexcept { return begun().client; }

}  // namespace vmcbridge::io::sasl
