package io.vfio4j.emulator.junit;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedDialect;
import io.vfio4j.emulator.EmulatedFormat;
import io.vfio4j.emulator.EmulatedTiling;
import io.vfio4j.emulator.vcpu.Boost;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives a test, or each test of a class, an emulated host with a vGPU:
 *
 * <pre>{@code
 * @Test
 * @EmulatedVgpu(dialect = V5)
 * void a_flip_is_seen(SystemCalls kernel, EmulatedGuest guest, EmulatedClock clock) { … }
 * }</pre>
 *
 * <p>Parameters of the test's constructor, of the methods that run before and after each test, and of the test itself may be
 * {@link io.vfio4j.emulator.EmulatedHost}, {@link io.vfio4j.emulator.Vgpu} and {@link io.vfio4j.emulator.EmulatedGuest} (the
 * first one), {@link io.vfio4j.emulator.EmulatedClock}, {@link io.vfio4j.emulator.Faults} and
 * {@link io.vfio4j.linux.SystemCalls}. After each test the host is closed. A test that has passed fails then if it left a
 * descriptor open or a closed device armed, or made a call that would have crashed a real kernel.
 *
 * <p>On a method it wins over that on the class, and on a nested class over that on the class around it.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@SuppressWarnings("exports") // whoever uses it has JUnit
@ExtendWith(EmulatedVgpuExtension.class)
public @interface EmulatedVgpu {
    /**
     * Which display irq, or which driver.
     *
     * @return the profile's name
     */
    EmulatedDialect dialect() default EmulatedDialect.V6;

    /**
     * How many vGPUs of this kind the host has.
     *
     * @return at least 1
     */
    int count() default 1;

    /**
     * Whether the device opens only for the owner of a VM.
     *
     * @return true as on real GVT-g
     */
    boolean kvmRequired() default false;

    /**
     * Whether the device has the REQ irq.
     *
     * @return false as on real GVT-g
     */
    boolean requestIrq() default false;

    /**
     * By which nodes the kernel offers the device.
     *
     * @return groups alone, as Debian's kernels have it
     */
    DeviceNodes nodes() default DeviceNodes.GROUP;

    /**
     * Whether an IOMMU translates what the device does, so that what is mapped for DMA is pinned.
     *
     * @return false as on real GVT-g
     */
    boolean iommu() default false;

    /**
     * Whether dma-bufs can be mapped.
     *
     * @return false as on real GVT-g
     */
    boolean mappableDmabufs() default false;

    /**
     * The format of the guest's screen.
     *
     * @return the only one of the samples, by default
     */
    EmulatedFormat format() default EmulatedFormat.XRGB8888;

    /**
     * How the guest's screen lies in memory.
     *
     * @return line by line, by default
     */
    EmulatedTiling tiling() default EmulatedTiling.LINEAR;

    /**
     * The guest's refresh rate, which the drivers of 2019 ignore.
     *
     * @return in Hz
     */
    int refreshRate() default 60;

    /**
     * The width of the guest's screen.
     *
     * @return in pixels; 0 for the profile's own size
     */
    int width() default 0;

    /**
     * The height of the guest's screen.
     *
     * @return in pixels; 0 for the profile's own size
     */
    int height() default 0;

    /**
     * How many guests share the guest's host, so that its vCPUs wait for processors and its frames are late:
     * {@link io.vfio4j.emulator.VgpuProfile#withOvercommit}.
     *
     * @return 0 for a guest that answers at once
     */
    int overcommit() default 0;

    /**
     * Which vCPU that host prefers when another one spins.
     *
     * @return none by default
     */
    Boost boost() default Boost.NONE;

    /**
     * What all that is random on that host begins with.
     *
     * @return any number
     */
    long seed() default 1;

    /**
     * Whether vblanks are made by {@link io.vfio4j.emulator.Vgpu#vblank} alone.
     *
     * @return false for the vblank timer
     */
    boolean stepped() default false;

    /**
     * Whether time passes by itself.
     *
     * @return false for virtual time
     */
    boolean realTime() default false;

    /**
     * Whether a test fails for what it leaves behind.
     *
     * @return false for a test that is about just that
     */
    boolean checked() default true;
}
