/*
 * The yardstick: what vfio4j does for an event, in plain C. Built twice, as a program, which a benchmark in Java asks for rounds
 * in between its own, and as a library, which gives that benchmark the very same writer.
 *
 * The method. Per event vfio4j waits (epoll_wait), reads the counter, takes the time, splits the counter and calls a listener;
 * that is timed. Making the counters ready is not: it is the driver's work, and calling write(2) from Java through JNA would
 * cost more than all the rest. So each block makes all COUNTERS ready untimed, with the code below on either side, and then
 * times how they are drained: `room` at a time, 1 for a loop that finds one counter ready each time it wakes, more for a busy
 * one. The clock is read twice for a block of COUNTERS events, which is lost in them.
 *
 * The rounds run on a thread of their own beside the main one, as an event loop does in a program of any size, whatever its
 * language. With a single thread all of this would be quicker, by what the kernel saves on descriptors that nobody can close
 * meanwhile, and the C library on cancellation points.
 *
 * Latency is measured from before the write in one thread to after the read in another, which was asleep meanwhile. The writer
 * is the same C in either case; only the waiter differs.
 *
 * The program answers each line of its input with a line:
 *   time ROOM EVENTS           time room=1 events=640000 ns_per_event=312.4
 *   latency SAMPLES GAP_NS     latency samples=2000 p50_ns=4100 p90_ns=5000 p99_ns=12000 max_ns=80000
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define COUNTERS 64
#define EXPORTED __attribute__((visibility("default")))

struct event {
    uint64_t sequence;
    int64_t time;
    uint64_t primary;
    uint64_t cursor;
    int token;
};

struct tally {
    uint64_t events;
    uint64_t primary;
    uint64_t cursor;
    int64_t last;
};

typedef void listener(struct tally *tally, const struct event *event);

/* Variables, as a device tells its values at run time. */
static volatile uint64_t primary_value = UINT64_C(1) << 56;
static volatile uint64_t cursor_value = UINT64_C(1) << 48;

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Three that differ, so that the call through the pointer is one. */
static __attribute__((noinline)) void count_events(struct tally *tally, const struct event *event)
{
    tally->events++;
    tally->last = event->time;
}

static __attribute__((noinline)) void count_primary(struct tally *tally, const struct event *event)
{
    tally->events++;
    tally->primary += event->primary;
}

static __attribute__((noinline)) void count_cursor(struct tally *tally, const struct event *event)
{
    tally->events++;
    tally->cursor += event->cursor + (uint64_t)event->token % 2;
}

static listener *const listeners[] = {count_events, count_primary, count_cursor};

/* Makes counters ready: the driver's part, on either side of the comparison. */
EXPORTED void make_ready(const int *counters, int count)
{
    uint64_t value = (UINT64_C(1) << 56) + (UINT64_C(1) << 48);

    for (int i = 0; i < count; i++)
        if (write(counters[i], &value, sizeof value) != sizeof value)
            die("write");
}

/* Signals a counter again and again, asleep in between, and leaves the time before each write in *stamp. */
EXPORTED void signal_slowly(int counter, volatile int64_t *stamp, int signals, int64_t gap_ns)
{
    uint64_t value = 1;
    struct timespec gap = {.tv_sec = gap_ns / 1000000000, .tv_nsec = gap_ns % 1000000000};

    for (int i = 0; i < signals; i++) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &gap, NULL);
        *stamp = now();
        if (write(counter, &value, sizeof value) != sizeof value)
            die("write");
    }
}

static int watch(int epoll, int token)
{
    int counter = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)token << 32 | (uint32_t)counter};

    if (counter < 0)
        die("eventfd");
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &event) < 0)
        die("epoll_ctl");
    return counter;
}

/* What is measured: wait, read, take the time, split, call. Returns how many events there were. */
static int turn(int epoll, int room, struct tally *tally, uint64_t *sequence)
{
    struct epoll_event events[COUNTERS];
    int ready = epoll_wait(epoll, events, room, -1);
    int delivered = 0;

    if (ready < 0 && errno != EINTR)
        die("epoll_wait");
    for (int i = 0; i < ready; i++) {
        struct event event;
        uint64_t counter;

        if (read((int)(uint32_t)events[i].data.u64, &counter, sizeof counter) != sizeof counter)
            continue;
        event.sequence = ++*sequence;
        event.time = now();
        event.primary = counter / primary_value;
        event.cursor = counter % primary_value / cursor_value;
        event.token = (int)(events[i].data.u64 >> 32);
        listeners[event.sequence % 3](tally, &event);
        delivered++;
    }
    return delivered;
}

static void measure_time(int room, int64_t events)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int counters[COUNTERS];
    struct tally tally = {0};
    uint64_t sequence = 0;
    int64_t spent = 0;
    int64_t delivered = 0;

    if (epoll < 0)
        die("epoll_create1");
    for (int token = 0; token < COUNTERS; token++)
        counters[token] = watch(epoll, token);
    while (delivered < events) {
        int drained = 0;
        int64_t start;

        make_ready(counters, COUNTERS);
        start = now();
        while (drained < COUNTERS)
            drained += turn(epoll, room, &tally, &sequence);
        spent += now() - start;
        delivered += drained;
    }
    printf("time room=%d events=%" PRId64 " ns_per_event=%.1f\n", room, delivered, (double)spent / (double)delivered);
    if (tally.events != (uint64_t)delivered || tally.primary == 0 || tally.cursor == 0) {
        fprintf(stderr, "events were lost\n");
        exit(1);
    }
    for (int i = 0; i < COUNTERS; i++)
        close(counters[i]);
    close(epoll);
}

struct writer {
    int counter;
    volatile int64_t stamp;
    int signals;
    int64_t gap_ns;
};

static void *run_writer(void *argument)
{
    struct writer *writer = argument;

    signal_slowly(writer->counter, &writer->stamp, writer->signals, writer->gap_ns);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static void measure_latency(int samples, int64_t gap_ns)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct writer writer = {.signals = samples, .gap_ns = gap_ns};
    int64_t *latencies = calloc((size_t)samples, sizeof *latencies);
    pthread_t thread;
    int taken = 0;

    if (epoll < 0 || !latencies)
        die("latency");
    writer.counter = watch(epoll, 0);
    if (pthread_create(&thread, NULL, run_writer, &writer))
        die("pthread_create");
    for (int signals = 0; signals < samples;) {
        struct epoll_event event;
        uint64_t counter;

        if (epoll_wait(epoll, &event, 1, -1) != 1 || read(writer.counter, &counter, sizeof counter) != sizeof counter)
            continue;
        /* Two signals in one counter: the stamp is not that of the one which woke us. */
        if (counter == 1)
            latencies[taken++] = now() - writer.stamp;
        signals += (int)counter;
    }
    pthread_join(thread, NULL);
    close(writer.counter);
    close(epoll);
    if (taken == 0)
        die("no samples");
    qsort(latencies, (size_t)taken, sizeof *latencies, compare);
    printf("latency samples=%d p50_ns=%" PRId64 " p90_ns=%" PRId64 " p99_ns=%" PRId64 " max_ns=%" PRId64 "\n", taken,
           latencies[taken / 2], latencies[taken * 9 / 10], latencies[(int64_t)taken * 99 / 100], latencies[taken - 1]);
    free(latencies);
}

static void *serve(void *result)
{
    char line[128];

    while (fgets(line, sizeof line, stdin)) {
        int first;
        int64_t second;

        if (sscanf(line, "time %d %" SCNd64, &first, &second) == 2 && first >= 1 && first <= COUNTERS && second >= 1) {
            measure_time(first, second);
        } else if (sscanf(line, "latency %d %" SCNd64, &first, &second) == 2 && first >= 1 && second >= 0) {
            measure_latency(first, second);
        } else {
            fprintf(stderr, "what is: %s", line);
            *(int *)result = 2;
            return NULL;
        }
    }
    *(int *)result = 0;
    return NULL;
}

int main(void)
{
    pthread_t thread;
    int result = 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (pthread_create(&thread, NULL, serve, &result))
        die("pthread_create");
    pthread_join(thread, NULL);
    return result;
}
