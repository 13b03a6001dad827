package io.vfio4j.vfio;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.NativeBytes;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The memory that a device reaches by DMA, and at which addresses: what a VMM makes of its guest's memory. It is the same
 * whichever way the device was opened; underneath it is type 1 of a container, or an address space of an iommufd.
 *
 * <p>It belongs to the device. What is still mapped when the device is closed is unmapped then.
 *
 * <p>Safe for use by any thread; one call after the other. Mapping and unmapping block while the kernel pins and unpins memory.
 */
public final class IoAddressSpace {
    private final DmaBackend backend;
    private final DmaAdvice advice;
    private final ReentrantLock lock = new ReentrantLock();
    private final TreeMap<Long, DmaMapping> mappings = new TreeMap<>(Long::compareUnsigned);
    /** Memory that a device may still reach, because unmapping failed. */
    private final List<DmaMapping> kept = new ArrayList<>();

    private boolean closed;

    IoAddressSpace(SystemCalls calls, DmaBackend backend) {
        this.backend = backend;
        this.advice = new DmaAdvice(calls, backend);
    }

    /**
     * Maps all of some memory: {@link #map(long, NativeBytes, int, int, Access)} of its whole size.
     *
     * @param iova where the device is to find it
     * @param memory what is mapped
     * @param access what the device may do: READ means that it reads the memory
     * @return the mapping
     * @throws LinuxException what the kernel says, with advice
     */
    public DmaMapping map(long iova, NativeBytes memory, Access access) throws LinuxException {
        return map(iova, memory, 0, memory.size(), access);
    }

    /**
     * Maps memory. Address, memory and length have to be multiples of {@link DmaInfo#alignment}, so take memory of
     * {@link SystemCalls#allocatePages}. It stays valid while it is mapped, even when its owner closes it.
     *
     * @param iova where the device is to find it; unsigned
     * @param memory what is mapped; a mapped region of a device will do as well
     * @param offset where in the memory to begin
     * @param length how many bytes
     * @param access what the device may do: READ means that it reads the memory
     * @return the mapping; closed with the device at the latest
     * @throws LinuxException what the kernel says, with advice: EEXIST when something is mapped there, EINVAL for alignment and
     *     addresses that the device does not have, ENOMEM beyond RLIMIT_MEMLOCK, ENOSPC when there are too many mappings, EFAULT
     *     when the memory cannot be pinned
     * @throws IllegalArgumentException when the range lies outside of the memory, is empty, or goes beyond 2<sup>64</sup>; in a
     *     container also when it ends there
     * @throws ClosedException when the memory or the device is closed
     */
    public DmaMapping map(long iova, NativeBytes memory, int offset, int length, Access access) throws LinuxException {
        Objects.requireNonNull(access, "access");
        if (length < 1 || offset < 0 || offset > memory.size() - length) {
            throw new IllegalArgumentException(
                    "bytes " + offset + " to " + ((long) offset + length) + " of " + memory + " cannot be mapped");
        }
        if (Long.compareUnsigned(iova + length - 1, iova) < 0) {
            throw new IllegalArgumentException(
                    length + " bytes at 0x" + Long.toHexString(iova) + " go beyond the last address");
        }
        lock.lock();
        try {
            if (closed) {
                throw new ClosedException("the device");
            }
            DmaMapping mapping = new DmaMapping(this, iova, memory, length, access);
            memory.acquire();
            boolean success = false;
            try {
                backend.map(iova, memory, offset, length, access);
                success = true;
            } catch (LinuxException e) {
                throw advice.onMap(e, mapping, offset, List.copyOf(mappings.values()));
            } finally {
                if (!success) {
                    memory.release();
                }
            }
            mappings.put(iova, mapping);
            return mapping;
        } finally {
            lock.unlock();
        }
    }

    /** Unmaps one; a mapping that is not known any more is unmapped already. */
    void unmap(DmaMapping mapping) throws IOException {
        lock.lock();
        try {
            if (mappings.get(mapping.iova()) != mapping) {
                return;
            }
            long unmapped = tryUnmap(mapping);
            if (unmapped != mapping.length()) {
                throw new ShortUnmapException(mapping, unmapped);
            }
            mappings.remove(mapping.iova());
            mapping.releaseMemory();
        } finally {
            lock.unlock();
        }
    }

    private long tryUnmap(DmaMapping mapping) throws LinuxException {
        try {
            return backend.unmap(mapping.iova(), mapping.length());
        } catch (LinuxException e) {
            throw DmaAdvice.onUnmap(e);
        }
    }

    /**
     * What can be mapped, asked now.
     *
     * @return alignment, page sizes, addresses, and how many mappings are left
     * @throws IOException what the kernel says; {@link MalformedReplyException}
     */
    public DmaInfo info() throws IOException {
        return backend.info();
    }

    /**
     * What is mapped by this object.
     *
     * @return the lowest address first
     */
    public List<DmaMapping> mappings() {
        lock.lock();
        try {
            return List.copyOf(mappings.values());
        } finally {
            lock.unlock();
        }
    }

    /** Unmaps everything, while the device, its container or its iommufd are still open. */
    void close() {
        lock.lock();
        try {
            closed = true;
            while (!mappings.isEmpty()) {
                DmaMapping mapping = mappings.firstEntry().getValue();
                try {
                    unmap(mapping);
                } catch (IOException e) {
                    System.getLogger(IoAddressSpace.class.getName())
                            .log(System.Logger.Level.WARNING, "not unmapped before its device is closed", e);
                    mappings.remove(mapping.iova());
                    kept.add(mapping);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Lets go of memory that could not be unmapped. What was open is closed by now, which has ended every mapping. */
    void releaseKept() {
        lock.lock();
        try {
            kept.forEach(DmaMapping::releaseMemory);
            kept.clear();
        } finally {
            lock.unlock();
        }
    }
}
