package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.List;
import java.util.Optional;

/**
 * What a vGPU reaches of the process's memory: what was mapped for DMA, seen from the device's side. It reads and writes there as
 * the real device, or its driver, does.
 *
 * <p>Addresses and lengths in bytes; addresses are unsigned.
 */
public final class EmulatedDma {
    private final Kernel kernel;
    private final VfioDevice device;

    EmulatedDma(Kernel kernel, VfioDevice device) {
        this.kernel = kernel;
        this.device = device;
    }

    /**
     * A mapping.
     *
     * @param iova its first address for the device
     * @param length how long it is
     * @param readable whether the device may read there
     * @param writable whether the device may write there
     */
    public record Mapping(long iova, long length, boolean readable, boolean writable) {}

    /**
     * All mappings.
     *
     * @return the lowest address first; empty while the device is not open
     */
    public List<Mapping> mappings() {
        kernel.lock();
        try {
            return device.dma().stream()
                    .flatMap(map -> map.all().stream())
                    .map(area -> new Mapping(area.first(), area.length(), area.readable(), area.writable()))
                    .toList();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * How much of the process's memory is pinned, for all devices together.
     *
     * @return bytes; always 0 for devices without an IOMMU
     */
    public long pinnedBytes() {
        kernel.lock();
        try {
            return kernel.lockedMemory().locked();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * The device reads.
     *
     * @param iova where from
     * @param length how many bytes
     * @return the bytes
     * @throws IllegalStateException when not all of it is mapped for reading, or the memory behind it is gone
     */
    public byte[] read(long iova, int length) {
        kernel.lock();
        try {
            byte[] bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = kernel.memory().read(address(iova + i, false), 1)[0];
            }
            return bytes;
        } catch (KernelError gone) {
            throw fault(iova, "the memory behind it is gone", gone);
        } finally {
            kernel.unlock();
        }
    }

    /**
     * The device writes.
     *
     * @param iova where to
     * @param bytes what
     * @throws IllegalStateException when not all of it is mapped for writing, or the memory behind it is gone
     */
    public void write(long iova, byte[] bytes) {
        kernel.lock();
        try {
            for (int i = 0; i < bytes.length; i++) {
                kernel.memory().write(address(iova + i, true), new byte[] {bytes[i]});
            }
        } catch (KernelError gone) {
            throw fault(iova, "the memory behind it is gone", gone);
        } finally {
            kernel.unlock();
        }
    }

    private long address(long iova, boolean writing) throws KernelError {
        Optional<IovaMap.Area> area = device.dma().flatMap(map -> map.at(iova));
        if (area.isEmpty()) {
            throw fault(iova, "nothing is mapped there", new KernelError(Errno.EFAULT));
        }
        if (!(writing ? area.get().writable() : area.get().readable())) {
            throw fault(
                    iova, "it is not mapped for " + (writing ? "writing" : "reading"), new KernelError(Errno.EPERM));
        }
        return area.get().address() + (iova - area.get().first());
    }

    private static IllegalStateException fault(long iova, String why, KernelError cause) {
        return new IllegalStateException("DMA fault at 0x" + Long.toHexString(iova) + ": " + why, cause);
    }
}
