package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * An emulated host in virtual time and a stepped loop on it. Closing it checks that nothing stays open, that no kernel would have
 * been harmed, and that no error was reported that the test did not expect.
 */
final class Stage implements AutoCloseable {
    final EmulatedHost host;
    final EventLoop loop;
    final List<String> errors = Collections.synchronizedList(new ArrayList<>());
    final List<Throwable> causes = Collections.synchronizedList(new ArrayList<>());

    Stage(VgpuProfile... profiles) throws LinuxException {
        this(host(profiles));
    }

    Stage(EmulatedHost host) throws LinuxException {
        this.host = host;
        this.loop = EventLoop.stepped(host.systemCalls());
    }

    static Stage of(String dialect) throws LinuxException {
        return new Stage(VgpuProfile.named(dialect));
    }

    private static EmulatedHost host(VgpuProfile... profiles) {
        EmulatedHost.Builder builder = EmulatedHost.builder();
        List.of(profiles).forEach(builder::vgpu);
        return builder.build();
    }

    Vgpu vgpu() {
        return host.vgpu();
    }

    /** Defaults, errors noted here. */
    DisplayOptions options() {
        return DisplayOptions.DEFAULTS.withErrorHandler((what, cause) -> {
            errors.add(what);
            causes.add(cause);
        });
    }

    VfioDevice open() throws IOException {
        return open(vgpu());
    }

    VfioDevice open(Vgpu vgpu) throws IOException {
        return VfioDevice.open(host.systemCalls(), MdevDevice.find(host.systemCalls(), vgpu.uuid()));
    }

    Display attach() throws IOException {
        return attach(options());
    }

    Display attach(DisplayOptions options) throws IOException {
        return Display.attach(loop, open(), options);
    }

    /** Does all that can be done at this instant. */
    void settle() {
        host.clock().advance(Duration.ZERO);
    }

    void pass(Duration time) {
        host.clock().advance(time);
    }

    void passMillis(long millis) {
        pass(Duration.ofMillis(millis));
    }

    long now() {
        return host.clock().nanoTime();
    }

    void assertNoHarm() {
        for (Vgpu vgpu : host.vgpus()) {
            assertEquals(0, vgpu.forbiddenCalls(), "calls that crash a kernel");
            assertEquals(0, vgpu.leakedContexts(), "arming twice");
            assertEquals(0, vgpu.hastyDisarms(), "disarming without waiting for the vblanks");
        }
    }

    @Override
    public void close() {
        loop.close();
        assertEquals(List.of(), host.openFiles(), "open files");
        assertNoHarm();
        assertEquals(List.of(), errors, "errors");
        host.close();
    }
}
