package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.HostDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/** The sample device mtty of a real kernel. */
final class RealMttyDevice implements TestIrqDevice {
    private final SystemCalls calls = JnaLinux.open();
    private final Registers registers = new MttyRegisters();
    private final UUID uuid = UUID.randomUUID();
    private final Path path = Path.of(MdevDevice.BUS, uuid.toString());
    private Optional<Remover> remover = Optional.empty();

    RealMttyDevice() throws IOException {
        RealHost.write(Path.of("/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create"), uuid.toString());
    }

    @Override
    public SystemCalls systemCalls() {
        return calls;
    }

    @Override
    public HostDevice host() throws IOException {
        return HostDevice.of(calls, MdevDevice.find(calls, uuid));
    }

    @Override
    public Registers registers() {
        return registers;
    }

    @Override
    public long openDescriptors() throws IOException {
        return new RealHost(calls).openDescriptors();
    }

    @Override
    public void beginRemoval() throws IOException {
        remover = Optional.of(Remover.write(path.resolve("remove"), "1"));
    }

    @Override
    public boolean isRemoved() {
        return remover.isPresent() && remover.get().isDone() && !Files.exists(path);
    }

    @Override
    public void close() throws IOException {
        if (remover.isEmpty()) {
            beginRemoval();
        }
        try {
            remover.orElseThrow().await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + uuid + " is removed", e);
        }
    }
}
