package io.vfio4j.emulator;

import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FaultsTest {
    private final EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
    private final SystemCalls calls = host.systemCalls();
    private final Faults faults = host.faults();

    @AfterEach
    void close() {
        host.close();
    }

    private NativeMemory irqInfo(Attached attached, int index, int argsz) throws LinuxException {
        NativeMemory info = calls.allocate(argsz);
        info.putInt(Vfio.IrqInfo.ARGSZ, argsz);
        info.putInt(Vfio.IrqInfo.INDEX, index);
        calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_IRQ_INFO, info);
        return info;
    }

    @Test
    void the_nth_call_fails_and_the_next_does_not() throws IOException {
        faults.fail("eventfd", 2, Errno.ENOMEM);
        calls.eventFd("first");
        LinuxException refusal = assertErrno(Errno.ENOMEM, () -> calls.eventFd("second"));
        assertEquals("eventfd", refusal.operation());
        assertEquals("second", refusal.target());
        calls.eventFd("third");
        assertEquals(2, host.openDescriptors());
    }

    @Test
    void a_target_fails_until_it_is_cleared() throws IOException {
        faults.failOn("open", "/dev/vfio/1", Errno.EACCES);
        assertErrno(Errno.EACCES, () -> Attached.to(host));
        assertErrno(Errno.EACCES, () -> calls.open("/dev/vfio/1", Access.READ_WRITE));
        calls.open("/dev/vfio/vfio", Access.READ_WRITE);
        faults.clear();
        calls.open("/dev/vfio/1", Access.READ_WRITE);
    }

    @Test
    void every_call_of_an_attach_can_be_made_to_fail() throws IOException {
        Attached.to(host).close();
        long needed = faults.calls();
        assertTrue(needed >= 6, () -> needed + " calls");
        for (int nth = 1; nth <= needed; nth++) {
            try (EmulatedHost fresh = EmulatedHost.of(VgpuProfile.V6)) {
                fresh.faults().fail(Faults.ANY, nth, Errno.EIO);
                assertErrno(Errno.EIO, () -> Attached.to(fresh));
            }
        }
    }

    @Test
    void operations_that_are_made_for_each_event_can_fail_too() throws IOException {
        Descriptor counter = calls.eventFd("counter");
        Descriptor timer = calls.timerFd("timer");
        try (Poller poller = calls.openPoller()) {
            faults.fail("epoll_ctl", 1, Errno.ENOSPC);
            assertErrno(Errno.ENOSPC, () -> poller.add(counter, 1));
            poller.add(counter, 1);
            calls.signal(counter, 4);
            faults.fail("epoll_wait", 1, Errno.EBADF);
            long[] one = new long[1];
            long[] value = new long[1];
            assertErrno(Errno.EBADF, () -> poller.poll(one, value, false));
            assertEquals(1, poller.poll(one, value, false));
            assertEquals(4, value[0], "a failing call has read nothing");
        }
        faults.fail("write", 1, Errno.EIO);
        assertErrno(Errno.EIO, () -> calls.signal(counter, 1));
        faults.fail("read", 1, Errno.EIO);
        assertErrno(Errno.EIO, () -> calls.drain(counter));
        faults.fail("timerfd_settime", 1, Errno.EINVAL);
        assertErrno(Errno.EINVAL, () -> calls.arm(timer, 1));
    }

    @Test
    void an_answer_can_be_rewritten() throws IOException {
        try (Attached attached = Attached.to(host)) {
            faults.rewrite(Vfio.VFIO_DEVICE_GET_INFO, reply -> {
                ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putInt(Vfio.DeviceInfo.NUM_IRQS, -1);
                return reply;
            });
            try (NativeMemory info = calls.allocate(64)) {
                info.putInt(0, 64);
                calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_INFO, info);
                assertEquals(-1, info.getInt(Vfio.DeviceInfo.NUM_IRQS));
                assertEquals(11, info.getInt(Vfio.DeviceInfo.NUM_REGIONS));
                faults.clear();
                calls.ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_INFO, info);
                assertEquals(6, info.getInt(Vfio.DeviceInfo.NUM_IRQS));
            }
        }
    }

    @Test
    void a_chain_can_be_made_to_go_in_circles_and_an_argsz_to_grow_for_ever() throws IOException {
        try (Attached attached = Attached.to(host)) {
            faults.rewrite(Vfio.VFIO_DEVICE_GET_IRQ_INFO, reply -> {
                ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putInt(24, 20);
                return reply;
            });
            assertEquals(20, irqInfo(attached, 5, 64).getInt(24));
            faults.clear();
            faults.rewrite(Vfio.VFIO_DEVICE_GET_IRQ_INFO, reply -> {
                ByteBuffer bytes = ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN);
                return bytes.putInt(0, bytes.getInt(0) + 8).putInt(16, 0).array();
            });
            assertEquals(72, irqInfo(attached, 5, 64).getInt(0));
            assertEquals(80, irqInfo(attached, 5, 72).getInt(0));
        }
    }

    @Test
    void an_answer_can_be_cut_short() throws IOException {
        try (Attached attached = Attached.to(host)) {
            faults.truncate(Vfio.VFIO_DEVICE_GET_IRQ_INFO, 22);
            NativeMemory info = irqInfo(attached, 5, 64);
            assertEquals(20, info.getInt(16));
            assertEquals(1, info.getShort(20));
            assertArrayEquals(new byte[42], info.getBytes(22, 42));
        }
    }

    @Test
    void an_answer_cannot_grow_beyond_the_callers_memory() throws IOException {
        try (Attached attached = Attached.to(host)) {
            faults.rewrite(Vfio.VFIO_DEVICE_GET_IRQ_INFO, reply -> Arrays.copyOf(reply, reply.length + 1));
            assertThrows(IllegalArgumentException.class, () -> irqInfo(attached, 5, 64));
            faults.clear();
            faults.rewrite(Vfio.VFIO_DEVICE_GET_IRQ_INFO, reply -> new byte[] {1, 2});
            assertEquals(0x0201, irqInfo(attached, 5, 64).getShort(0), "a shorter one changes only these bytes");
        }
    }

    @Test
    void reads_can_be_short() throws IOException {
        faults.shortRead(3);
        assertEquals("vfi", calls.readText(host.vgpu().sysfsPath() + "/mdev_type/device_api"));
        try (Attached attached = Attached.to(host);
                NativeMemory memory = calls.allocate(8)) {
            assertEquals(3, calls.read(attached.device(), memory, 8, 7L << 40));
        }
        assertThrows(IllegalArgumentException.class, () -> faults.shortRead(-1));
    }

    @Test
    void a_fault_that_makes_no_sense_is_refused() {
        assertThrows(IllegalArgumentException.class, () -> faults.fail("open", 0, Errno.EIO));
        assertThrows(IllegalArgumentException.class, () -> faults.fail("open", 1, 0));
    }
}
