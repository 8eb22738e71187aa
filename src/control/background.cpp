#include "src/control/background.hpp"

#include "src/control/glib.hpp"

namespace vmcbridge::control {
namespace {

using Task = std::function<void()>;

gboolean run_once(gpointer task) noexcept {
    (*static_cast<Task*>(task))();
    return G_SOURCE_REMOVE;
}

void delete_task(gpointer task) noexcept { delete static_cast<Task*>(task); }

void run_in_thread(GTask* job, gpointer /*object*/, gpointer task, GCancellable* /*none*/) noexcept {
    (*static_cast<Task*>(task))();
    *static_cast<Task*>(task) = nullptr;
    g_task_return_boolean(job, TRUE);
}

}  // namespace

void on_main(Task task) {
    // An idle source of default priority, not g_main_context_invoke: that one runs the task at once, ahead of earlier
    // ones, when the caller happens to own the context.
    GSource* source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, run_once, new Task{std::move(task)}, delete_task);
    g_source_attach(source, nullptr);
    g_source_unref(source);
}

void in_background(Task task) {
    const GObjectPtr<GTask> job{g_task_new(nullptr, nullptr, nullptr, nullptr)};
    g_task_set_task_data(job.get(), new Task{std::move(task)}, delete_task);
    g_task_run_in_thread(job.get(), run_in_thread);
}

}  // namespace vmcbridge::control
