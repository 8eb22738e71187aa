#include "proto/browser/frames.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::browser {
namespace {

TEST(EncodeServerFrame, MembersWithoutAValueAreLeftOut) {
    EXPECT_EQ(encode(LeadChanged{}), R"({"type":"lead","you":false})");
    EXPECT_EQ(encode(ErrorFrame{Code::bad_frame, "no", ""}), R"({"type":"error","code":"bad-frame","message":"no"})");
}

TEST(EncodeServerFrame, TextIsEscapedAndAlwaysUtf8) {
    EXPECT_EQ(encode(ClipboardData{1, ClipboardFormat::text, "a\"\\\n\x01\xFF\u20AC"}),
              R"({"type":"clipboard-data","id":1,"format":"text/plain","text":"a\"\\\n\u0001)"
              "\uFFFD\u20AC\"}");
}

TEST(EncodeServerFrame, NumbersBeyondThoseOfJavaScriptAreTheLastOfThem) {
    const FileStatus full{.id = 1,
                          .status = FileState::error,
                          .sent = 0,
                          .code = Code::no_space,
                          .message = "",
                          .free_bytes = ~std::uint64_t{0}};
    EXPECT_EQ(encode(full), R"({"type":"file-status","id":1,"status":"error","sent":0,"code":"no-space",)"
                            R"("freeBytes":9007199254740991})");
}

}  // namespace
}  // namespace vmcbridge::browser
