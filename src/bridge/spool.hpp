#pragma once

#include "proto/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace vmcbridge::bridge {

/// Clipboard contents that must be here whole before they go on. Appended to, then read.
class Spool {
public:
    Spool() = default;
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;
    virtual ~Spool() = default;

    /// false: no room (disk full); what was there stays.
    [[nodiscard]] virtual bool append(Bytes bytes) = 0;
    /// Reads from `offset` into `out`; returns the bytes read, fewer than asked for only at the end or on a failing
    /// disk.
    [[nodiscard]] virtual std::size_t read(std::uint64_t offset, MutableBytes out) const = 0;
    [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
};

class MemorySpool final : public Spool {
public:
    [[nodiscard]] bool append(Bytes bytes) override;
    [[nodiscard]] std::size_t read(std::uint64_t offset, MutableBytes out) const override;
    [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }

private:
    std::vector<std::byte> bytes_;
};

/// Makes a spool for what is too large for memory: src/io gives one over an unlinked temporary file.
/// nullptr: none to be had (no room, no file descriptors).
using SpoolFactory = std::function<std::unique_ptr<Spool>()>;

/// Gives spools in memory while a VM's budget lasts, then those of the factory. Outlived by its spools: that is fine.
class SpoolPool {
public:
    SpoolPool(std::uint64_t memory_budget, SpoolFactory factory);

    /// A spool that will take up to `size` bytes (the caller holds to it). nullptr: none to be had.
    [[nodiscard]] std::shared_ptr<Spool> make(std::uint64_t size);

private:
    std::uint64_t budget_;
    std::shared_ptr<std::uint64_t> used_;  ///< shared with the spools, which give back what they took
    SpoolFactory factory_;
    std::shared_ptr<std::size_t> files_ =
        std::make_shared<std::size_t>(0);  ///< of the factory, in use; shared likewise
};

}  // namespace vmcbridge::bridge
