#include "src/control/libvirt/libvirt_opener.hpp"

#include "src/control/background.hpp"
#include "src/control/libvirt/stream_process.hpp"

#include <utility>

namespace vmcbridge::control {
namespace {

/// Whoever opens something may be on any thread; what opens it is on the main one.
class MainOpener final : public Opener {
public:
    using Work = std::function<void(Done)>;
    explicit MainOpener(Work work) : work_{std::move(work)} {}
    void open(Done done) override {
        on_main([work = work_, done = std::move(done)] { work(done); });
    }

private:
    Work work_;
};

}  // namespace

std::shared_ptr<Opener> LibvirtOpener::channel(const std::string& name) { return stream("channel", name); }
std::shared_ptr<Opener> LibvirtOpener::console(const std::string& alias) { return stream("console", alias); }

std::shared_ptr<Opener> LibvirtOpener::stream(const std::string& kind, const std::string& name) {
    auto& opener = openers_[kind + " " + name];
    if (!opener)
        opener = std::make_shared<MainOpener>(
            [what = StreamEnd{uri_, uuid_, kind, name}](Opener::Done done) { start_stream(what, std::move(done)); });
    return opener;
}

std::shared_ptr<Opener> LibvirtOpener::graphics(unsigned index) {
    auto& opener = openers_["graphics " + std::to_string(index)];
    if (!opener)
        opener = std::make_shared<MainOpener>([link = link_, uuid = uuid_, index](const Opener::Done& done) {
            auto now = link();
            if (!now) return done(-1, "libvirt's daemon is not there");
            in_background(
                [now = std::move(now), uuid, index]() mutable {
                    auto opened = now->open_graphics(uuid, index);
                    now.reset();  // its end may wait for the daemon
                    return opened;
                },
                [done](Parsed<int> opened) { opened ? done(*opened, {}) : done(-1, opened.error().text); });
        });
    return opener;
}

}  // namespace vmcbridge::control
