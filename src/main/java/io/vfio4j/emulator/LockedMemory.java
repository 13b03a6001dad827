package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;

/**
 * What is pinned of the process's memory, against RLIMIT_MEMLOCK. Type 1 counts by process (mm->locked_vm), iommufd by user
 * (user->locked_vm): neither sees what the other has.
 */
final class LockedMemory {
    static final long UNLIMITED = Long.MAX_VALUE;

    /** Who counts. */
    enum Account {
        PROCESS,
        USER
    }

    private final UserSpace memory;
    private final long limit;
    private final long[] locked = new long[Account.values().length];

    LockedMemory(UserSpace memory, long limit) {
        this.memory = memory;
        this.limit = limit;
    }

    /** As {@code /proc/self/limits} shows it. */
    String limitText() {
        return limit == UNLIMITED ? "unlimited" : Long.toString(limit);
    }

    /** pin_user_pages() of a whole area, and its accounting. */
    void pin(Account account, IovaMap.Area area) throws KernelError {
        if (!memory.isAccessible(area.address(), area.length(), area.writable())) {
            throw new KernelError(Errno.EFAULT);
        }
        if (limit != UNLIMITED && locked[account.ordinal()] + area.length() > limit) {
            throw new KernelError(Errno.ENOMEM);
        }
        locked[account.ordinal()] += area.length();
    }

    void unpin(Account account, IovaMap.Area area) {
        locked[account.ordinal()] -= area.length();
    }

    long locked() {
        long sum = 0;
        for (long bytes : locked) {
            sum += bytes;
        }
        return sum;
    }
}
