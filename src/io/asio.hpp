#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

/// The part of Asio that every file here speaks. Asio is the loop: readiness, timers, coroutines, posting between
/// contexts. Bytes are read and written by the system calls themselves (stream.hpp).
namespace vmcbridge::io {

namespace net = boost::asio;
using boost::system::error_code;

/// Errors come back as values: a wait is never ended by a throw, except by cancellation of its task.
inline constexpr auto as_value = net::as_tuple(net::use_awaitable);

}  // namespace vmcbridge::io
