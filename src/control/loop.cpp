#include "src/control/loop.hpp"

#include "src/control/background.hpp"
#include "src/control/glib.hpp"

#include <glib-unix.h>

#include <csignal>
#include <utility>
#include <vector>

namespace vmcbridge::control {
namespace {

gboolean run_again(gpointer task) noexcept {
    (*static_cast<Loop::Task*>(task))();
    return G_SOURCE_CONTINUE;
}

gboolean run_once(gpointer task) noexcept {
    (*static_cast<Loop::Task*>(task))();
    return G_SOURCE_REMOVE;
}

void delete_task(gpointer task) noexcept { delete static_cast<Loop::Task*>(task); }

}  // namespace

/// A context of its own would hide the Loop from GSubprocess and GFileMonitor, so this is the default one.
struct Loop::Impl {
    GPtr<GMainLoop, g_main_loop_unref> loop{g_main_loop_new(nullptr, FALSE)};
    bool quit = false;

    /// `task` runs each time `source` fires, until the Loop goes. Takes the reference.
    void add(GSource* source, GSourceFunc run, Task task) {
        g_source_set_callback(source, run, new Task{std::move(task)}, delete_task);
        g_source_attach(source, nullptr);
        sources.emplace_back(source);
    }

    struct Destroyer {
        void operator()(GSource* source) const noexcept {
            g_source_destroy(source);
            g_source_unref(source);
        }
    };
    std::vector<std::unique_ptr<GSource, Destroyer>> sources;
};

Loop::Loop() : impl_{std::make_shared<Impl>()} {}
Loop::~Loop() = default;

void Loop::on_stop(Task task) {
    impl_->add(g_unix_signal_source_new(SIGTERM), run_again, task);
    impl_->add(g_unix_signal_source_new(SIGINT), run_again, std::move(task));
}

void Loop::on_reload(Task task) { impl_->add(g_unix_signal_source_new(SIGHUP), run_again, std::move(task)); }

void Loop::invoke(Task task) {
    on_main([weak = std::weak_ptr{impl_}, task = std::move(task)] {
        if (const auto alive = weak.lock()) task();
    });
}

void Loop::after(std::chrono::milliseconds delay, Task task) {
    std::erase_if(impl_->sources, [](const auto& source) { return g_source_is_destroyed(source.get()) != 0; });
    impl_->add(g_timeout_source_new(static_cast<guint>(delay.count())), run_once, std::move(task));
}

void Loop::run() {
    if (impl_->quit) return;
    g_main_loop_run(impl_->loop.get());
}

void Loop::quit() {
    invoke([impl = impl_.get()] {
        impl->quit = true;
        g_main_loop_quit(impl->loop.get());
    });
}

}  // namespace vmcbridge::control
