#include "proto/browser/frames.hpp"

#include <gtest/gtest.h>

namespace vmcbridge::browser {
namespace {

TEST(MimeNames, GoThereAndBack) {
    for (const auto format : {ClipboardFormat::text, ClipboardFormat::png, ClipboardFormat::bmp, ClipboardFormat::tiff,
                              ClipboardFormat::jpeg, ClipboardFormat::file_list}) {
        EXPECT_FALSE(mime_of(format).empty());
        EXPECT_EQ(format_of(mime_of(format)), format);
    }
}

TEST(MimeNames, AreReadInAnyCaseAndWithoutParameters) {
    EXPECT_EQ(format_of("TEXT/Plain"), ClipboardFormat::text);
    EXPECT_EQ(format_of("text/plain;charset=utf-8"), ClipboardFormat::text);
    EXPECT_EQ(format_of("text/plain \t; charset=utf-8"), ClipboardFormat::text);
}

TEST(MimeNames, OthersAreNotGuessed) {
    for (const auto* mime : {"", "text", "text/plainx", "text/plai", " text/plain", "image/png2", ";", "image/*"})
        EXPECT_EQ(format_of(mime), ClipboardFormat::none) << mime;
    EXPECT_EQ(mime_of(ClipboardFormat::none), "");
    EXPECT_EQ(mime_of(ClipboardFormat{77}), "");
}

}  // namespace
}  // namespace vmcbridge::browser
