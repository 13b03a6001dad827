/*
 * The bridge of vfio4j: waits for counters (eventfds, timerfds) that an epoll watches, and reads those that are ready, in one
 * transition from Java. It keeps no state, allocates nothing and calls nothing of JNI; what it reads it writes to memory that
 * the caller owns. io.vfio4j.linux.jna.JnaPoller does the same without it, and both keep the same contract.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <jni.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in Bridge.VERSION: changes with what the functions below take, return or write. */
#ifndef VERSION
#define VERSION 1
#endif

/* As in EpollPoller: results that fit, and the bit that tells of a read that failed. */
#define MOST 64
#define FAILED (1 << 16)

struct result {
    uint64_t data;  /* what epoll knows the counter by: its descriptor in the low half, our slot in the high half */
    uint64_t value; /* what was read; behind the results, the errno of a read that failed */
};

/*
 * syscall(2) rather than epoll_wait(3) and read(3): those are cancellation points, which costs a process with threads, such as
 * a JVM, two atomic operations each. aarch64 has epoll_pwait only, which without a mask is the same, but slower.
 */
static int wait_for_events(int epoll, struct epoll_event *events, int room, int wait)
{
    int timeout = wait ? -1 : 0;

    for (;;) {
#ifdef SYS_epoll_wait
        long ready = syscall(SYS_epoll_wait, epoll, events, room, timeout);
#else
        long ready = syscall(SYS_epoll_pwait, epoll, events, room, timeout, NULL, sizeof(uint64_t));
#endif

        if (ready >= 0)
            return (int)ready;
        if (errno != EINTR)
            return -errno;
    }
}

/* 0 when a value was read; EAGAIN when there was none, another error otherwise. */
static int read_counter(int descriptor, uint64_t *value)
{
    for (;;) {
        long count = syscall(SYS_read, descriptor, value, sizeof *value);

        if (count == sizeof *value)
            return 0;
        if (count >= 0)
            return EINVAL; /* fewer bytes than eight: no counter */
        if (errno != EINTR)
            return errno;
    }
}

JNIEXPORT jint JNICALL Java_io_vfio4j_linux_jna_Bridge_version(JNIEnv *env, jclass class)
{
    (void)env;
    (void)class;
    return VERSION;
}

/*
 * At most room (1 to MOST) results are written to address, and the last failure behind the MOSTth. Returns how many, plus
 * FAILED when a read failed, or -errno of the waiting. With wait, returns only when something was read or failed.
 */
JNIEXPORT jint JNICALL Java_io_vfio4j_linux_jna_Bridge_poll(JNIEnv *env, jclass class, jint epoll, jlong address, jint room,
                                                            jboolean wait)
{
    struct result *results = (struct result *)(uintptr_t)address;
    struct epoll_event events[MOST];

    (void)env;
    (void)class;
    for (;;) {
        int ready = wait_for_events(epoll, events, room, wait);
        int count = 0;
        int failed = 0;

        if (ready <= 0)
            return ready;
        for (int i = 0; i < ready; i++) {
            /* Whatever epoll says of it, also EPOLLERR of a saturated eventfd: reading tells. */
            uint64_t data = events[i].data.u64;
            int error = read_counter((int)(uint32_t)data, &results[count].value);

            if (error == 0) {
                results[count++].data = data;
            } else if (error != EAGAIN) {
                results[MOST].data = data;
                results[MOST].value = (uint64_t)error;
                failed = FAILED;
            }
        }
        if (count > 0 || failed || !wait)
            return count + failed;
    }
}
