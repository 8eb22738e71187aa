#include "proto/browser/frames.hpp"
#include "proto/limits.hpp"
#include "proto/text.hpp"
#include "tests/proto/browser/vectors.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace vmcbridge::browser::test {
namespace {

class Mutator {
public:
    explicit Mutator(std::vector<std::string> seeds) : seeds_{std::move(seeds)} {}

    std::string next() {
        auto text = any_of(seeds_);
        for (auto changes = below(6); changes > 0; --changes) change(text);
        return text;
    }

private:
    std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random_); }

    template <class List>
    std::string any_of(const List& list) {
        return std::string{list[below(list.size())]};
    }

    void change(std::string& text) {
        static constexpr std::array<std::string_view, 22> pieces{"\"",       "\\",
                                                                 "{",        "}",
                                                                 "[",        "]",
                                                                 ",",        ":",
                                                                 "null",     "-",
                                                                 "1e999",    "0.5",
                                                                 "true",     "\xFF",
                                                                 "\\ud83d",  "\\u0",
                                                                 "\"type\"", "\"id\":1,",
                                                                 "65536",    "4294967296",
                                                                 "\x01",     "9007199254740993"};
        const auto at = below(text.size() + 1);
        switch (below(4)) {
            case 0: text.insert(at, any_of(pieces)); break;
            case 1: text.erase(at, below(8) + 1); break;
            case 2: text.insert(at, text.substr(below(text.size() + 1), below(32))); break;
            default:
                if (at < text.size()) text[at] = static_cast<char>(below(256));
        }
    }

    std::vector<std::string> seeds_;
    std::mt19937_64 random_{20};
};

std::vector<std::string> valid_texts() {
    std::vector<std::string> texts;
    const auto file = vectors("browser_frames.json");
    for (const auto& vector : file.at("fromClient").at("valid").as_array())
        texts.push_back(sent_text(vector.as_object()));
    return texts;
}

TEST(DecodeClient, GivesAValueOrANamedErrorForAnyBytes) {
    Mutator mutator{valid_texts()};
    std::size_t understood = 0;
    constexpr std::size_t tries = 100'000;
    for (std::size_t i = 0; i < tries; ++i) {
        const auto text = mutator.next();
        const auto frame = decode_client(text);
        if (frame) {
            ++understood;
            continue;
        }
        const auto& error = frame.error();
        ASSERT_EQ(error.code, Code::bad_frame);
        ASSERT_NE(error.message.find(": expected "), std::string::npos) << error.message;
        ASSERT_LE(error.message.size(), 200U) << error.message;
        ASSERT_TRUE(is_utf8(error.message)) << error.message;
    }
    // The mutations reach both ends.
    EXPECT_GT(understood, tries / 20);
    EXPECT_LT(understood, tries - tries / 20);
}

TEST(DecodeClient, NoBeginningOfAFrameIsAFrame) {
    for (const auto& text : valid_texts()) {
        const auto end = text.find_last_of('}');
        for (std::size_t size = 0; size <= end; ++size) EXPECT_FALSE(decode_client(text.substr(0, size)));
    }
}

}  // namespace
}  // namespace vmcbridge::browser::test
