package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import io.vfio4j.vfio.HostDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/** A device on the PCI bus of a real kernel, given to vfio-pci. */
final class RealPciDevice implements TestIrqDevice {
    private static final Path BUS = Path.of("/sys/bus/pci");
    private static final Path UNBIND = BUS.resolve("drivers/vfio-pci/unbind");

    private final SystemCalls calls = JnaLinux.open();
    private final Path device;
    private final Registers registers;
    private Optional<Remover> remover = Optional.empty();

    /** Finds the device by its numbers, and has vfio-pci take it. */
    RealPciDevice(int vendor, int device, Registers registers) throws IOException {
        this.device = find(vendor, device);
        this.registers = registers;
        RealHost.write(this.device.resolve("driver_override"), "vfio-pci");
        Path driver = this.device.resolve("driver");
        if (Files.exists(driver) && !driver.toRealPath().endsWith("vfio-pci")) {
            RealHost.write(driver.resolve("unbind"), address());
        }
        if (!Files.exists(driver)) {
            RealHost.write(BUS.resolve("drivers_probe"), address());
        }
    }

    private static Path find(int vendor, int device) throws IOException {
        try (Stream<Path> devices = Files.list(BUS.resolve("devices"))) {
            for (Path candidate : devices.toList()) {
                if (number(candidate, "vendor") == vendor && number(candidate, "device") == device) {
                    return candidate;
                }
            }
        }
        throw new IOException("no PCI device " + Integer.toHexString(vendor) + ":" + Integer.toHexString(device));
    }

    private static int number(Path device, String attribute) throws IOException {
        return Integer.decode(Files.readString(device.resolve(attribute)).strip());
    }

    private String address() {
        return device.getFileName().toString();
    }

    @Override
    public SystemCalls systemCalls() {
        return calls;
    }

    @Override
    public HostDevice host() throws IOException {
        return HostDevice.findPci(calls, address());
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
        remover = Optional.of(Remover.write(UNBIND, address()));
    }

    @Override
    public boolean isRemoved() {
        return remover.isPresent() && remover.get().isDone() && !Files.exists(device.resolve("driver"));
    }

    /** How long the kernel kept the remover. */
    Duration removalTime() throws IOException {
        try {
            return remover.orElseThrow().await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + address() + " is unbound", e);
        }
    }

    @Override
    public void close() throws IOException {
        if (remover.isPresent()) {
            removalTime();
        }
    }
}
