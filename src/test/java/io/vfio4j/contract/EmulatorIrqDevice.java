package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Peripheral;
import io.vfio4j.emulator.PeripheralKind;
import io.vfio4j.emulator.Removal;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.HostDevice;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;

/** A peripheral of the emulated host, in virtual time. */
final class EmulatorIrqDevice implements TestIrqDevice {
    private final EmulatedHost host = EmulatedHost.builder().build();
    private final Peripheral peripheral;
    private final Registers registers;
    private Optional<Removal> removal = Optional.empty();

    EmulatorIrqDevice(PeripheralKind kind, Registers registers) {
        this.peripheral = host.create(kind);
        this.registers = registers;
    }

    EmulatedHost emulated() {
        return host;
    }

    Peripheral peripheral() {
        return peripheral;
    }

    @Override
    public SystemCalls systemCalls() {
        return host.systemCalls();
    }

    @Override
    public HostDevice host() throws IOException {
        return HostDevice.isPciAddress(peripheral.name())
                ? HostDevice.findPci(systemCalls(), peripheral.name())
                : HostDevice.of(systemCalls(), MdevDevice.find(systemCalls(), UUID.fromString(peripheral.name())));
    }

    @Override
    public Registers registers() {
        return registers;
    }

    @Override
    public long openDescriptors() {
        return host.openDescriptors();
    }

    @Override
    public void beginRemoval() {
        removal = Optional.of(peripheral.remove());
    }

    @Override
    public boolean isRemoved() {
        return removal.map(Removal::isComplete).orElse(false);
    }

    @Override
    public void close() {
        assertEquals(0, peripheral.harm(), "harm to a real kernel");
        host.close();
    }
}
