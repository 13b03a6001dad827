package io.vfio4j.linux.jna;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Files;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * epoll and read, but for the one step that JNA and the bridge take in different ways.
 *
 * <p>A watched counter's number is on loan to the poller from add to remove. So the kernel cannot give the number to anybody
 * else while epoll still reports it, there are no stale events, and poll need not ask for the number each time. A counter that
 * is closed without having been removed stays open until the poller lets go of it.
 */
abstract sealed class EpollPoller implements Poller permits JnaPoller, BridgePoller {
    /** How many counters one call reads at most; {@code bridge.c} has the same number. */
    static final int MOST = 64;
    /** In an outcome of {@link #waitAndRead}: a read failed. */
    static final int FAILED = 1 << 16;

    static final int RESULT_BYTES = 2 * Long.BYTES;
    static final int RESULT_VALUE = Long.BYTES;
    /** Behind the results: which read failed last, and why. */
    static final int FAILURE = MOST * RESULT_BYTES;

    /** For each result epoll's user data, and what was read. Reused for ever; freed when nobody can be in it any more. */
    final ByteBuffer results = ByteBuffer.allocateDirect(FAILURE + RESULT_BYTES).order(ByteOrder.nativeOrder());

    final long resultsAddress = Allocations.address(results);

    private final ByteBuffer event =
            ByteBuffer.allocateDirect(EpollAbi.AARCH64.size()).order(ByteOrder.nativeOrder());
    private final long eventAddress = Allocations.address(event);
    private final EpollAbi abi = EpollAbi.ofThisMachine().orElseThrow();

    private final Descriptor epoll;
    private final Map<Descriptor, Integer> slots = new HashMap<>();
    private Descriptor[] counterOfSlot = new Descriptor[8];
    private int[] numberOfSlot = new int[8];
    private long[] tokenOfSlot = new long[8];
    /** A read that failed in a call that had read something else; for the next call to throw. */
    private LinuxException postponed;

    EpollPoller() throws LinuxException {
        int number = Calls.epollCreate(Files.EPOLL_CLOEXEC);
        if (number < 0) {
            throw new LinuxException(-number, "epoll_create1", "a poller");
        }
        // The loans end with the epoll, whoever is the last in it: not under a thread that is still reading.
        epoll = new Descriptor(number, "the poller", closed -> {
            JnaLinux.close(closed, "the poller");
            slots.keySet().forEach(Descriptor::release);
        });
    }

    /**
     * Waits, and reads everything that is ready, at most {@code room} counters, at most {@link #MOST}. Puts the user data and
     * the value of what was read into {@link #results}, and the user data and the errno of a read that failed behind them, at
     * {@link #FAILURE}. Skips what turns out to be empty. With {@code wait}, comes back only when something was read or
     * failed.
     *
     * @return how many were read, plus {@link #FAILED} when a read failed; -errno when the waiting failed
     */
    abstract int waitAndRead(int epoll, int room, boolean wait);

    @Override
    public final void add(Descriptor counter, long token) throws LinuxException {
        int epollNumber = epoll.acquire();
        try {
            int number = counter.acquire();
            boolean added = false;
            try {
                int slot = freeSlot();
                event.putInt(0, Files.EPOLLIN).putLong(abi.data(), (long) slot << 32 | number);
                int outcome = Calls.epollCtl(epollNumber, Files.EPOLL_CTL_ADD, number, eventAddress);
                if (outcome < 0) {
                    throw new LinuxException(-outcome, "epoll_ctl", counter.description());
                }
                slots.put(counter, slot);
                counterOfSlot[slot] = counter;
                numberOfSlot[slot] = number;
                tokenOfSlot[slot] = token;
                added = true;
            } finally {
                if (!added) {
                    counter.release();
                }
            }
        } finally {
            epoll.release();
        }
    }

    private int freeSlot() {
        for (int slot = 0; slot < counterOfSlot.length; slot++) {
            if (counterOfSlot[slot] == null) {
                return slot;
            }
        }
        int slot = counterOfSlot.length;
        counterOfSlot = Arrays.copyOf(counterOfSlot, 2 * slot);
        numberOfSlot = Arrays.copyOf(numberOfSlot, 2 * slot);
        tokenOfSlot = Arrays.copyOf(tokenOfSlot, 2 * slot);
        return slot;
    }

    @Override
    public final void remove(Descriptor counter) throws LinuxException {
        int epollNumber = epoll.acquire();
        try {
            Integer slot = slots.get(counter);
            if (slot == null) {
                counter.acquire(); // closed comes before not watched
                counter.release();
                throw new LinuxException(Errno.ENOENT, "epoll_ctl", counter.description());
            }
            int outcome = Calls.epollCtl(epollNumber, Files.EPOLL_CTL_DEL, numberOfSlot[slot], eventAddress);
            if (outcome < 0) {
                throw new LinuxException(-outcome, "epoll_ctl", counter.description());
            }
            slots.remove(counter);
            counterOfSlot[slot] = null;
            counter.release();
        } finally {
            epoll.release();
        }
    }

    @Override
    public final int poll(long[] tokens, long[] counters, boolean wait) throws LinuxException {
        int room = Math.min(Math.min(tokens.length, counters.length), MOST);
        if (room == 0) {
            throw new IllegalArgumentException("arrays without room: " + tokens.length + ", " + counters.length);
        }
        int number = epoll.acquire();
        try {
            if (postponed != null) {
                LinuxException failure = postponed;
                postponed = null;
                throw failure;
            }
            int outcome = waitAndRead(number, room, wait);
            int count = outcome < FAILED ? outcome : failed(outcome);
            if (count < 0) {
                throw new LinuxException(-count, "epoll_wait", epoll.description());
            }
            for (int i = 0; i < count; i++) {
                tokens[i] = tokenOfSlot[(int) (results.getLong(i * RESULT_BYTES) >>> 32)];
                counters[i] = results.getLong(i * RESULT_BYTES + RESULT_VALUE);
            }
            return count;
        } finally {
            epoll.release();
        }
    }

    /** What was read must not be lost for a failure, so that waits for the next call. */
    private int failed(int outcome) throws LinuxException {
        int slot = (int) (results.getLong(FAILURE) >>> 32);
        int errno = (int) results.getLong(FAILURE + RESULT_VALUE);
        LinuxException failure = new LinuxException(errno, "read", counterOfSlot[slot].description());
        int count = outcome - FAILED;
        if (count == 0) {
            throw failure;
        }
        postponed = failure;
        return count;
    }

    @Override
    public final void close() {
        epoll.close();
    }
}
