package io.vfio4j.linux.uapi;

/**
 * What UNIX sockets and waiting for them need: {@code sys/socket.h}, {@code sys/un.h}, {@code sys/uio.h}, {@code sys/time.h},
 * {@code poll.h}. Laid out as {@link Vfio}; the values hold on x86-64 and on aarch64.
 */
public final class Sockets {
    public static final int AF_UNIX = 1;
    public static final int SOCK_STREAM = 1;
    public static final int SOCK_NONBLOCK = 0x800;
    public static final int SOCK_CLOEXEC = 0x80000;
    public static final int SOL_SOCKET = 1;
    public static final int SO_SNDTIMEO = 21;
    public static final int SCM_RIGHTS = 1;
    public static final int MSG_CTRUNC = 8;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int MSG_CMSG_CLOEXEC = 0x4000_0000;

    public static final int POLLIN = 1;
    public static final int POLLERR = 8;
    public static final int POLLHUP = 0x10;
    public static final int POLLNVAL = 0x20;
    public static final int POLLRDHUP = 0x2000;

    private Sockets() {}

    public static final class SockaddrUn {
        public static final String STRUCT = "struct sockaddr_un";
        public static final int SIZE = 110;
        public static final int SUN_FAMILY = 0;
        public static final int SUN_PATH = 2;
        /** How long the path may be, with the zero byte at its end. */
        public static final int SUN_PATH_SIZE = 108;

        private SockaddrUn() {}
    }

    public static final class Msghdr {
        public static final String STRUCT = "struct msghdr";
        public static final int SIZE = 56;
        public static final int MSG_NAME = 0;
        public static final int MSG_NAMELEN = 8;
        public static final int MSG_IOV = 16;
        public static final int MSG_IOVLEN = 24;
        public static final int MSG_CONTROL = 32;
        public static final int MSG_CONTROLLEN = 40;
        public static final int MSG_FLAGS = 48;

        private Msghdr() {}
    }

    public static final class Iovec {
        public static final String STRUCT = "struct iovec";
        public static final int SIZE = 16;
        public static final int IOV_BASE = 0;
        public static final int IOV_LEN = 8;

        private Iovec() {}
    }

    /** Data follow; the next header is aligned to 8. */
    public static final class Cmsghdr {
        public static final String STRUCT = "struct cmsghdr";
        public static final int SIZE = 16;
        public static final int CMSG_LEN = 0;
        public static final int CMSG_LEVEL = 8;
        public static final int CMSG_TYPE = 12;
        public static final int ALIGNMENT = 8;

        private Cmsghdr() {}
    }

    public static final class Timeval {
        public static final String STRUCT = "struct timeval";
        public static final int SIZE = 16;
        public static final int TV_SEC = 0;
        public static final int TV_USEC = 8;

        private Timeval() {}
    }

    public static final class Pollfd {
        public static final String STRUCT = "struct pollfd";
        public static final int SIZE = 8;
        public static final int FD = 0;
        public static final int EVENTS = 4;
        public static final int REVENTS = 6;

        private Pollfd() {}
    }
}
