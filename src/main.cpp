#include "src/app/app.hpp"

#include <cstddef>
#include <exception>
#include <iostream>
#include <span>

int main(int argc, char** argv) try {
    const std::span<const char* const> arguments{argv, static_cast<std::size_t>(argc)};
    return vmcbridge::app::run(arguments.subspan(arguments.empty() ? 0 : 1));
} catch (const std::exception& error) {  // out of memory; nothing that a peer sends ends here
    std::cerr << "vmcbridge: " << error.what() << '\n';
    return 1;
}
