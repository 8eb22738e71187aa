#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

/// The part of Asio that every file here speaks. Asio is the loop: readiness, timers, coroutines, posting between
/// contexts. Bytes are read and written by the system calls themselves (stream.hpp).
namespace vmcbridge::io {

namespace net = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

using Executor = net::io_context::executor_type;
/// A coroutine of the data plane. It lives on one context; parameters by reference outlive it.
template <class T = void>
using Task = net::awaitable<T, Executor>;
using Timer = net::basic_waitable_timer<Clock, net::wait_traits<Clock>, Executor>;

/// Errors of a wait come back as values; only cancellation of the whole task throws.
inline constexpr auto as_value = net::as_tuple(net::use_awaitable_t<Executor>{});

}  // namespace vmcbridge::io
