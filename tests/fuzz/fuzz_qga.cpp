// A guest agent's byte stream: [cut u16] [stream]. The first command has the same answer however the stream is cut; as
// the lines of a survey, it gives nothing but plain texts within their limits.
#include "proto/limits.hpp"
#include "proto/text.hpp"
#include "src/bridge/guest_survey.hpp"
#include "src/bridge/qga_link.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <string>

namespace vmcbridge::fuzz {
namespace {

using browser::Code;

constexpr qga::Command question{"guest-info", {}};
constexpr std::int64_t sync_id = 7;  // what no guest can guess, but a fuzzer has to

void check_text(std::string_view text, std::size_t limit = limits::qga_text) {
    require(text.size() <= limit, "a text has its limit");
    require(is_utf8(text), "a text is UTF-8");
    require(std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }), "a text is plain");
}

void check_failure(const qga::Failure& failure) {
    require(failure.code == Code::guest_error || failure.code == Code::agent_gone, "junk has its name");
    check_text(failure.error.kind);
    check_text(failure.error.text);
}

/// A link that has asked, and what its agent says.
class Asked {
public:
    Asked() {
        link_.handle_connected();
        link_.ask(question, sync_id, bridge::Time::max());
    }
    void hear(Bytes bytes) {
        link_.handle_bytes(bytes);
        if (const auto waiting = link_.to_port(); !waiting.empty()) link_.written(waiting.size(), {});
    }
    std::string finish() {
        link_.handle_gone();
        const auto answer = link_.poll_answer();
        require(answer.has_value(), "who asks has an answer in the end");
        require(link_.to_port().empty() && !link_.poll_timeout(), "nothing is left of what was asked");
        if (*answer) return boost::json::serialize((*answer)->value());
        check_failure(answer->error());
        return answer->error().detail;
    }

private:
    bridge::QgaLink link_;
};

void check_info(const qga::GuestInfo& info) {
    check_text(info.version);
    if (info.hostname) check_text(*info.hostname);
    if (info.addresses) {
        require(info.addresses->size() <= limits::qga_entries, "a list has its limit");
        for (const auto& each : *info.addresses) check_text(each.address), check_text(each.interface);
    }
    if (info.users)
        for (const auto& each : *info.users) check_text(each.name);
    if (info.file_systems)
        for (const auto& each : *info.file_systems) check_text(each.mountpoint, limits::qga_path);
}

void survey(std::string_view lines) {
    bridge::GuestSurvey survey;
    while (!lines.empty() && survey.poll_command()) {
        const auto end = std::min(lines.find('\n'), lines.size());
        const auto failure = survey.handle_answer(qga::decode_reply(lines.substr(0, end)));
        if (failure) return check_failure(*failure);
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    check_info(survey.info());
}

void run(Input input) {
    const auto wanted_cut = input.u16();
    const auto stream = input.rest();
    const auto cut = std::min(wanted_cut, stream.size());
    Asked whole;
    whole.hear(stream);
    Asked halves;
    halves.hear(stream.first(cut));
    halves.hear(stream.subspan(cut));
    Asked single;
    for (const auto& byte : stream) single.hear(Bytes{&byte, 1});
    const auto answer = whole.finish();
    require(halves.finish() == answer, "two reads give the answer of one");
    require(single.finish() == answer, "single bytes give the answer of one read");
    survey(as_text(stream));
}

}  // namespace
}  // namespace vmcbridge::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmcbridge::fuzz::run({data, size});
    return 0;
}
