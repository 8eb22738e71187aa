#pragma once

#include "proto/result.hpp"
#include "src/io/asio.hpp"
#include "src/io/unique_fd.hpp"
#include "src/opener.hpp"

#include <boost/system/error_code.hpp>

#include <memory>
#include <string>

namespace vmcbridge::io {

/// What `opener` gives, or why it gives nothing; `deadline` is the end of the wait for it. The socket may block.
[[nodiscard]] Task<Result<UniqueFd, std::string>> open_by(std::shared_ptr<Opener> opener, Clock::time_point deadline);

/// Is this what somebody else may, perhaps?
[[nodiscard]] bool is_denied(const error_code& error) noexcept;

}  // namespace vmcbridge::io
