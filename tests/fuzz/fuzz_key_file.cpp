// The key file of a file's start. What can be read can be written, and is read again as the same.
#include "proto/agent/key_file.hpp"
#include "proto/limits.hpp"
#include "proto/text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace vmcbridge::fuzz {
namespace {

void run(Bytes bytes) {
    const auto info = agent::read_key_file(as_text(bytes));
    if (!info) return require(info.error().offset <= bytes.size(), "a fault lies within the text");
    require(is_utf8(info->name), "a name is UTF-8");
    const auto written = agent::write_key_file(*info);
    if (written.size() > limits::file_start_body) return;  // escapes made a huge name larger than we take
    const auto again = agent::read_key_file(written);
    require(again && *again == *info, "what we write is read as the same");
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run(std::as_bytes(std::span{data, size}));
    return 0;
}
