package io.vfio4j.linux.uapi;

/**
 * What opening, looking at, mapping, counting and waiting need: {@code fcntl.h}, {@code sys/stat.h}, {@code unistd.h},
 * {@code sys/mman.h}, {@code sys/eventfd.h}, {@code sys/timerfd.h}, {@code sys/epoll.h}, {@code time.h}. Laid out as
 * {@link Vfio}; the values hold on x86-64 and on aarch64.
 */
public final class Files {
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_CLOEXEC = 0x80000;
    public static final int O_PATH = 0x200000;
    public static final int F_GETFD = 1;
    public static final int F_SETFD = 2;
    public static final int F_DUPFD_CLOEXEC = 1030;
    public static final int SEEK_END = 2;
    public static final int FD_CLOEXEC = 1;

    public static final int S_IFMT = 0xf000;
    public static final int S_IFIFO = 0x1000;
    public static final int S_IFCHR = 0x2000;
    public static final int S_IFDIR = 0x4000;
    public static final int S_IFBLK = 0x6000;
    public static final int S_IFREG = 0x8000;
    public static final int S_IFSOCK = 0xc000;
    public static final int R_OK = 4;
    public static final int W_OK = 2;

    public static final int PROT_READ = 1;
    public static final int PROT_WRITE = 2;
    public static final int MAP_SHARED = 1;

    public static final int EFD_CLOEXEC = 0x80000;
    public static final int EFD_NONBLOCK = 0x800;
    public static final int TFD_CLOEXEC = 0x80000;
    public static final int TFD_NONBLOCK = 0x800;
    public static final int CLOCK_MONOTONIC = 1;
    public static final int CLOCK_MONOTONIC_COARSE = 6;

    public static final int EPOLL_CLOEXEC = 0x80000;
    public static final int EPOLL_CTL_ADD = 1;
    public static final int EPOLL_CTL_DEL = 2;
    public static final int EPOLLIN = 1;
    public static final int EPOLLERR = 8;

    private Files() {}

    public static final class Timespec {
        public static final String STRUCT = "struct timespec";
        public static final int SIZE = 16;
        public static final int TV_SEC = 0;
        public static final int TV_NSEC = 8;

        private Timespec() {}
    }

    /** {@code it_interval} and {@code it_value}, each of seconds and nanoseconds. */
    public static final class Itimerspec {
        public static final String STRUCT = "struct itimerspec";
        public static final int SIZE = 32;
        public static final int IT_INTERVAL = 0;
        public static final int IT_VALUE = 16;

        private Itimerspec() {}
    }

    /** x86-64 packs {@code struct epoll_event}; every other architecture aligns {@code data} to 8. */
    public static final class EpollEvent {
        public static final String STRUCT = "struct epoll_event";
        public static final int EVENTS = 0;
        public static final int X86_64_SIZE = 12;
        public static final int X86_64_DATA = 4;
        public static final int ALIGNED_SIZE = 16;
        public static final int ALIGNED_DATA = 8;

        private EpollEvent() {}
    }
}
