/* A process around libspice-server: the main channel, and one char device "vdagent" whose guest is whoever connects to
 * a unix socket, spice-vdagentd for one. What QEMU is to a guest with a spicevmc channel, without the guest.
 *
 *     client -- TCP of loopback -- libspice-server -- write, read -- unix socket -- guest
 *
 *   vmcbridge_spice_server GUEST_SOCKET [port=N] [password=TEXT | sasl=NAME] [certificate=FILE key=FILE]
 *
 * Prints "event=listening address=127.0.0.1:N". sasl: NAME.conf in SASL_CONF_PATH says who is let in.
 */
#define _GNU_SOURCE
#include <spice.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { most_watches = 256, most_timers = 64, read_size = 64 * 1024, backlog = 16 };

/* The loop. Slots are reused and never move: the library removes watches and timers from inside their callbacks. */

struct SpiceWatch {
    int fd; /* -1: free */
    int events;
    SpiceWatchFunc call;
    void* opaque;
};

struct SpiceTimer {
    SpiceTimerFunc call; /* null: free */
    void* opaque;
    int64_t due; /* ms; -1: not started */
};

static SpiceWatch watches[most_watches];
static SpiceTimer timers[most_timers];

static void give_up(const char* what) {
    perror(what);
    exit(1);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static SpiceWatch* watch_add(int fd, int events, SpiceWatchFunc call, void* opaque) {
    for (SpiceWatch* one = watches; one != watches + most_watches; ++one) {
        if (one->fd >= 0) continue;
        *one = (SpiceWatch){fd, events, call, opaque};
        return one;
    }
    errno = EMFILE;
    give_up("watch");
    return NULL;
}

static void watch_update(SpiceWatch* watch, int events) { watch->events = events; }
static void watch_remove(SpiceWatch* watch) { watch->fd = -1; }

static SpiceTimer* timer_add(SpiceTimerFunc call, void* opaque) {
    for (SpiceTimer* one = timers; one != timers + most_timers; ++one) {
        if (one->call != NULL) continue;
        *one = (SpiceTimer){call, opaque, -1};
        return one;
    }
    errno = EMFILE;
    give_up("timer");
    return NULL;
}

static void timer_start(SpiceTimer* timer, uint32_t ms) { timer->due = now_ms() + ms; }
static void timer_cancel(SpiceTimer* timer) { timer->due = -1; }
static void timer_remove(SpiceTimer* timer) { timer->call = NULL; }

static int wait_time(void) {
    int64_t next = -1;
    for (const SpiceTimer* one = timers; one != timers + most_timers; ++one)
        if (one->call != NULL && one->due >= 0 && (next < 0 || one->due < next)) next = one->due;
    if (next < 0) return -1;
    const int64_t left = next - now_ms();
    return left > 0 ? (int)left : 0;
}

static void run_timers(void) {
    const int64_t now = now_ms();
    for (SpiceTimer* one = timers; one != timers + most_timers; ++one) {
        if (one->call == NULL || one->due < 0 || one->due > now) continue;
        one->due = -1;
        one->call(one->opaque);
    }
}

static void run_watches(const struct pollfd* polled, SpiceWatch* const* from, nfds_t count) {
    for (nfds_t n = 0; n < count; ++n) {
        if (polled[n].revents == 0 || from[n]->fd != polled[n].fd) continue;
        int events = polled[n].revents & POLLOUT ? SPICE_WATCH_EVENT_WRITE : 0;
        if (polled[n].revents & ~POLLOUT) events |= SPICE_WATCH_EVENT_READ;
        events &= from[n]->events;
        if (events != 0) from[n]->call(polled[n].fd, events, from[n]->opaque);
    }
}

static void run_once(void) {
    struct pollfd polled[most_watches];
    SpiceWatch* from[most_watches];
    nfds_t count = 0;
    for (SpiceWatch* one = watches; one != watches + most_watches; ++one) {
        if (one->fd < 0 || one->events == 0) continue;
        const short in = one->events & SPICE_WATCH_EVENT_READ ? POLLIN : 0;
        const short out = one->events & SPICE_WATCH_EVENT_WRITE ? POLLOUT : 0;
        from[count] = one;
        polled[count++] = (struct pollfd){one->fd, in | out, 0};
    }
    if (poll(polled, count, wait_time()) < 0 && errno != EINTR) give_up("poll");
    run_timers();
    run_watches(polled, from, count);
}

/* The guest: one at a time, read by large pieces. */

static struct {
    int fd; /* -1: none */
    SpiceWatch* watch;
    uint8_t bytes[read_size];
    size_t begin, end; /* of what was read and not taken */
    int asked;         /* whether the library has called read since */
    int write_short;
} guest = {.fd = -1};

static SpiceServer* server;
static SpiceWatch* guest_door;
static SpiceCharDeviceInstance agent;

/* Reading stops while the library takes nothing (its client owes tokens); it asks again by itself. */
static void guest_mask(void) {
    int events = guest.begin == guest.end ? SPICE_WATCH_EVENT_READ : 0;
    if (guest.write_short) events |= SPICE_WATCH_EVENT_WRITE;
    if (guest.watch != NULL) watch_update(guest.watch, events);
}

static int fill_buffer(void) {
    const ssize_t count = recv(guest.fd, guest.bytes, sizeof guest.bytes, MSG_DONTWAIT);
    guest.begin = 0;
    guest.end = count > 0 ? (size_t)count : 0;
    return count > 0 || (count < 0 && errno == EAGAIN);
}

static int agent_read(SpiceCharDeviceInstance* self, uint8_t* into, int size) {
    (void)self;
    guest.asked = 1;
    if (guest.fd < 0) return 0;
    if (guest.begin == guest.end) fill_buffer();
    const size_t have = guest.end - guest.begin;
    const size_t count = have < (size_t)size ? have : (size_t)size;
    memcpy(into, guest.bytes + guest.begin, count);
    guest.begin += count;
    guest_mask();
    return (int)count;
}

static int agent_write(SpiceCharDeviceInstance* self, const uint8_t* bytes, int size) {
    (void)self;
    if (guest.fd < 0) return size;
    const ssize_t count = send(guest.fd, bytes, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    const int taken = count > 0 ? (int)count : 0;
    guest.write_short = taken < size;
    guest_mask();
    return taken;
}

static void agent_state(SpiceCharDeviceInstance* self, int connected) {
    (void)self;
    if (!connected && guest.fd >= 0) shutdown(guest.fd, SHUT_RDWR); /* the guest broke the protocol */
}

static const SpiceCharDeviceInterface agent_interface = {
    .base = {SPICE_INTERFACE_CHAR_DEVICE, "agent", SPICE_INTERFACE_CHAR_DEVICE_MAJOR,
             SPICE_INTERFACE_CHAR_DEVICE_MINOR},
    .state = agent_state,
    .write = agent_write,
    .read = agent_read,
    .flags = SPICE_CHAR_DEVICE_NOTIFY_WRITABLE,
};

static void guest_left(void) {
    const int fd = guest.fd;
    guest.fd = -1;
    watch_remove(guest.watch);
    guest.watch = NULL;
    spice_server_remove_interface(&agent.base);
    close(fd);
    watch_update(guest_door, SPICE_WATCH_EVENT_READ);
}

static void guest_ready(int fd, int events, void* opaque) {
    (void)fd, (void)opaque;
    if (events & SPICE_WATCH_EVENT_WRITE) guest.write_short = 0;
    if ((events & SPICE_WATCH_EVENT_READ) && guest.begin == guest.end && !fill_buffer()) return guest_left();
    do { /* the library stops in the middle of a message, and wants to be told that there is more */
        guest.asked = 0;
        spice_server_char_device_wakeup(&agent);
    } while (guest.asked && guest.begin != guest.end);
    guest_mask();
}

static void guest_came(int fd, int events, void* opaque) {
    (void)events, (void)opaque;
    guest.fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (guest.fd < 0) return;
    watch_update(guest_door, 0);
    guest.begin = guest.end = 0;
    guest.write_short = 0;
    guest.watch = watch_add(guest.fd, SPICE_WATCH_EVENT_READ, guest_ready, NULL);
    agent = (SpiceCharDeviceInstance){.base = {&agent_interface.base}, .subtype = "vdagent"};
    if (spice_server_add_interface(server, &agent.base) != 0) give_up("agent");
}

/* The clients. */

static void client_came(int fd, int events, void* opaque) {
    (void)events, (void)opaque;
    const int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0 && spice_server_add_client(server, client, 0) != 0) close(client);
}

static void channel_event(int event, SpiceChannelEventInfo* info) { (void)event, (void)info; }

static SpiceCoreInterface core = {
    .base = {SPICE_INTERFACE_CORE, "poll", SPICE_INTERFACE_CORE_MAJOR, SPICE_INTERFACE_CORE_MINOR},
    .timer_add = timer_add,
    .timer_start = timer_start,
    .timer_cancel = timer_cancel,
    .timer_remove = timer_remove,
    .watch_add = watch_add,
    .watch_update_mask = watch_update,
    .watch_remove = watch_remove,
    .channel_event = channel_event,
};

static int listen_at(const struct sockaddr* address, socklen_t size) {
    const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1; /* a server that was killed is started again on its port */
    if (fd >= 0 && address->sa_family == AF_INET) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->sa_family == AF_UNIX) unlink(((const struct sockaddr_un*)address)->sun_path);
    if (fd < 0 || bind(fd, address, size) != 0 || listen(fd, backlog) != 0) give_up("listen");
    return fd;
}

/* The value of the argument "name=value"; null: it is not there. */
static const char* option(int count, char** words, const char* name) {
    const size_t length = strlen(name);
    for (int i = 2; i < count; ++i)
        if (strncmp(words[i], name, length) == 0 && words[i][length] == '=') return words[i] + length + 1;
    return NULL;
}

/* Binds TCP of loopback; *port: 0 for any, which it tells. */
static int listen_tcp(uint16_t* port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    address.sin_port = htons(*port);
    socklen_t size = sizeof address;
    const int door = listen_at((struct sockaddr*)&address, size);
    getsockname(door, (struct sockaddr*)&address, &size);
    *port = ntohs(address.sin_port);
    return door;
}

/* The library has TLS on ports of its own alone. */
static void begin(uint16_t* port, const char* certificate, const char* key) {
    const int door = listen_tcp(port);
    if (certificate) {
        close(door);
        spice_server_set_addr(server, "127.0.0.1", 0);
        if (spice_server_set_tls(server, *port, certificate, certificate, key, NULL, NULL, NULL) != 0) give_up("tls");
    }
    if (spice_server_init(server, &core) != 0) give_up("spice-server");
    if (!certificate) watch_add(door, SPICE_WATCH_EVENT_READ, client_came, NULL);
}

int main(int count, char** words) {
    struct sockaddr_un target = {.sun_family = AF_UNIX};
    if (count < 2 || strlen(words[1]) >= sizeof target.sun_path) {
        fprintf(stderr, "usage: %s GUEST_SOCKET [port=N] [password=TEXT | sasl=NAME] [certificate=FILE key=FILE]\n",
                words[0]);
        return 2;
    }
    strcpy(target.sun_path, words[1]);
    for (SpiceWatch* one = watches; one != watches + most_watches; ++one) one->fd = -1;
    const char* known = option(count, words, "port");
    const char* password = option(count, words, "password");
    uint16_t port = known ? (uint16_t)atoi(known) : 0;

    server = spice_server_new();
    const char* sasl = option(count, words, "sasl");
    if (sasl) {
        if (spice_server_set_sasl(server, 1) != 0 || spice_server_set_sasl_appname(server, sasl) != 0) give_up("sasl");
    } else if (password) {
        spice_server_set_ticket(server, password, 0, 0, 0);
    } else {
        spice_server_set_noauth(server);
    }
    spice_server_set_name(server, "peer");
    begin(&port, option(count, words, "certificate"), option(count, words, "key"));
    spice_server_vm_start(server);
    const int socket = listen_at((struct sockaddr*)&target, sizeof target);
    guest_door = watch_add(socket, SPICE_WATCH_EVENT_READ, guest_came, NULL);
    printf("event=listening address=127.0.0.1:%d\n", port);
    fflush(stdout);
    for (;;) run_once();
}
