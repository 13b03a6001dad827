package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.HashMap;
import java.util.Map;

/**
 * What is pinned of the processes' memory, against RLIMIT_MEMLOCK, which does not bind who has CAP_IPC_LOCK. Type 1 counts by
 * process (mm->locked_vm), iommufd by user (user->locked_vm): neither sees what the other has.
 */
final class LockedMemory {
    /** Who counts. */
    enum Account {
        PROCESS,
        USER
    }

    private record Owner(Account account, int id) {
        private static Owner of(Account account, Task task) {
            return new Owner(account, account == Account.PROCESS ? task.pid() : task.user());
        }
    }

    private final UserSpace memory;
    private final Processes processes;
    private final long limit;
    private final Map<Owner, Long> locked = new HashMap<>();

    LockedMemory(UserSpace memory, Processes processes, long limit) {
        this.memory = memory;
        this.processes = processes;
        this.limit = limit;
    }

    /** Whose memory is mapped now: that of the process that makes the call. */
    Task mapper() {
        return processes.current();
    }

    /** pin_user_pages() of a whole area, and its accounting. */
    void pin(Account account, IovaMap.Area area) throws KernelError {
        if (!memory.isAccessible(area.address(), area.length(), area.writable())) {
            throw new KernelError(Errno.EFAULT);
        }
        Owner owner = Owner.of(account, area.mapper());
        long sum = locked.getOrDefault(owner, 0L) + area.length();
        if (!area.mapper().hasCapabilities() && sum > limit) {
            throw new KernelError(Errno.ENOMEM);
        }
        locked.put(owner, sum);
    }

    void unpin(Account account, IovaMap.Area area) {
        locked.merge(Owner.of(account, area.mapper()), -area.length(), Long::sum);
    }

    long locked() {
        return locked.values().stream().mapToLong(Long::longValue).sum();
    }
}
