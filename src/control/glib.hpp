#pragma once

#include <gio/gio.h>
#include <glib.h>

#include <memory>
#include <string>
#include <utility>

/// GLib at arm's length: what it allocates, refers to and reports, as values of C++.
namespace vmcbridge::control {

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* pointer) const noexcept {
        Free(pointer);
    }
};

/// Owns what `Free` frees; the size of a pointer.
template <class T, auto Free>
using GPtr = std::unique_ptr<T, Freer<Free>>;

template <class T>
using GObjectPtr = GPtr<T, g_object_unref>;
using KeyFile = GPtr<GKeyFile, g_key_file_unref>;
using GText = GPtr<char, g_free>;
using GTextList = GPtr<char*, g_strfreev>;

/// A place for a GError**: true when set, freed with it.
class ErrorOut {
public:
    ErrorOut() noexcept = default;
    ErrorOut(const ErrorOut&) = delete;
    ErrorOut& operator=(const ErrorOut&) = delete;
    ~ErrorOut() { g_clear_error(&error_); }

    // NOLINTNEXTLINE(google-explicit-constructor): stands where GLib takes a GError**
    operator GError**() noexcept {
        g_clear_error(&error_);
        return &error_;
    }
    // Not const: the conversion above would be the better match in a condition, and clear the error.
    explicit operator bool() noexcept { return error_ != nullptr; }
    [[nodiscard]] bool is(GQuark domain, int code) const noexcept { return g_error_matches(error_, domain, code) != 0; }
    [[nodiscard]] std::string message() const { return error_ ? error_->message : "no error"; }

private:
    GError* error_ = nullptr;
};

/// Owns a timeout, a watch or a signal source of the default main context.
class SourceGuard {
public:
    SourceGuard() noexcept = default;
    explicit SourceGuard(guint id) noexcept : id_{id} {}
    SourceGuard(SourceGuard&& other) noexcept : id_{std::exchange(other.id_, 0)} {}
    SourceGuard& operator=(SourceGuard&& other) noexcept {
        std::swap(id_, other.id_);
        return *this;
    }
    ~SourceGuard() { reset(); }

    void reset() noexcept {
        if (id_ != 0) g_source_remove(std::exchange(id_, 0));
    }
    /// The source removed itself (its callback returned G_SOURCE_REMOVE).
    void release() noexcept { id_ = 0; }

private:
    guint id_ = 0;
};

}  // namespace vmcbridge::control
