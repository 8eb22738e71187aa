#pragma once

namespace vmcbridge {

/// std::visit with one lambda an alternative: a new alternative does not compile until somebody decides about it.
template <class... F>
struct match : F... {
    using F::operator()...;
};
template <class... F>
match(F...) -> match<F...>;

}  // namespace vmcbridge
