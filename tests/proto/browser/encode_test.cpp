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

}  // namespace
}  // namespace vmcbridge::browser
