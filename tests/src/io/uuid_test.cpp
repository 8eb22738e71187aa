#include "src/io/uuid.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::io {
namespace {

VmConfig machine(std::string name, std::string uuid = {}) {
    VmConfig config;
    config.name = std::move(name);
    config.uuid = std::move(uuid);
    return config;
}

TEST(Uuid, IsTheConfiguredOneInTheOrderInWhichItIsWritten) {
    const auto uuid = uuid_of(machine("one", "00112233-4455-6677-8899-aabbccddeeff"));
    for (std::size_t at = 0; at < uuid.size(); ++at) EXPECT_EQ(uuid.at(at), static_cast<std::byte>(at * 0x11)) << at;
}

TEST(Uuid, WithoutOneItIsMadeOfTheNameTheSameEachTime) {
    EXPECT_EQ(uuid_of(machine("one")), uuid_of(machine("one")));
    EXPECT_NE(uuid_of(machine("one")), uuid_of(machine("two")));
    EXPECT_NE(uuid_of(machine("one")), uuid_of(machine("one ")));
}

TEST(Uuid, TheMadeOneSaysWhatItIs) {
    for (const auto* name : {"", "one", "two", "a machine"}) {
        const auto uuid = uuid_of(machine(name));
        EXPECT_EQ(uuid[6] & std::byte{0xf0}, std::byte{0x80}) << "version 8";
        EXPECT_EQ(uuid[8] & std::byte{0xc0}, std::byte{0x80}) << "the variant of RFC 9562";
    }
}

}  // namespace
}  // namespace vmcbridge::io
