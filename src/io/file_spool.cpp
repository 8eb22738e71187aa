#include "src/io/file_spool.hpp"

#include "src/io/unique_fd.hpp"
#include "src/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace vmcbridge::io {
namespace {

class FileSpool final : public bridge::Spool {
public:
    explicit FileSpool(UniqueFd fd) noexcept : fd_{std::move(fd)} {}

    bool append(Bytes bytes) override {
        std::size_t done = 0;
        while (done < bytes.size()) {
            const auto rest = bytes.subspan(done);
            const auto count = ::pwrite(fd_.get(), rest.data(), rest.size(), static_cast<off_t>(size_ + done));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return false;  // what came before this call stays as it was: size_ does not move
            done += static_cast<std::size_t>(count);
        }
        size_ += done;
        return true;
    }

    std::size_t read(std::uint64_t offset, MutableBytes out) const override {
        if (offset >= size_) return 0;
        out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset)));
        std::size_t done = 0;
        while (done < out.size()) {
            const auto rest = out.subspan(done);
            const auto count = ::pread(fd_.get(), rest.data(), rest.size(), static_cast<off_t>(offset + done));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) break;
            done += static_cast<std::size_t>(count);
        }
        return done;
    }

    std::uint64_t size() const noexcept override { return size_; }

private:
    UniqueFd fd_;
    std::uint64_t size_ = 0;
};

std::string folder() {
    const char* chosen = std::getenv("TMPDIR");
    return chosen != nullptr && *chosen == '/' ? chosen : "/var/tmp";
}

// File systems without O_TMPFILE get a file with a name for the blink of an eye.
UniqueFd nameless_file(const std::string& where) {
    UniqueFd fd{::open(where.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600)};
    if (fd || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
    auto name = where + "/vmcbridge.XXXXXX";
    UniqueFd named{::mkostemp(name.data(), O_CLOEXEC)};
    if (named) ::unlink(name.c_str());
    return named;
}

}  // namespace

std::unique_ptr<bridge::Spool> make_file_spool() {
    const auto where = folder();
    auto fd = nameless_file(where);
    if (fd) return std::make_unique<FileSpool>(std::move(fd));
    log::warning("spool-failed", {{"folder", where}, {"reason", std::generic_category().message(errno)}});
    return nullptr;
}

}  // namespace vmcbridge::io
