#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

/// Reads tests/vectors/domains: samples of libvirt's domain XML, each with what it becomes.
namespace vmcbridge {

struct DomainSample {
    std::string place;  ///< FILE:LINE
    std::string title;
    std::string xml;
    std::vector<std::string> expected;
};

namespace domain_samples {

/// What stands around the devices of a sample; all in one line, so that the sample's first line stays its first.
inline std::string begin_of(const std::string& word) {
    if (word == "running") return "<domain type='kvm' id='1'><name>web1</name><devices>";
    if (word == "off") return "<domain type='kvm'><name>web1</name><devices>";
    return {};
}

inline std::vector<DomainSample> read_file(const std::filesystem::path& path) {
    std::ifstream file{path};
    std::vector<DomainSample> samples;
    std::size_t number = 0;
    bool in_xml = false;
    std::string end;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.starts_with("== ")) {  // == WORD: TITLE
            const auto colon = line.find(": ");
            const auto begin = begin_of(line.substr(3, colon - 3));
            end = begin.empty() ? "" : "</devices></domain>";
            samples.push_back(
                {path.filename().string() + ":" + std::to_string(number), line.substr(colon + 2), begin, {}});
            in_xml = true;
        } else if (line == "=>" && in_xml) {
            samples.back().xml += end;
            in_xml = false;
        } else if (in_xml) {
            samples.back().xml += line + "\n";
        } else if (!line.empty() && !samples.empty()) {
            samples.back().expected.push_back(line);
        }
    }
    return samples;
}

}  // namespace domain_samples

inline std::vector<DomainSample> read_domain_samples(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{folder})
        if (entry.path().extension() == ".txt") files.push_back(entry.path());
    std::ranges::sort(files);
    std::vector<DomainSample> samples;
    for (const auto& file : files) {
        auto more = domain_samples::read_file(file);
        EXPECT_FALSE(more.empty()) << file;
        std::ranges::move(more, std::back_inserter(samples));
    }
    return samples;
}

}  // namespace vmcbridge
