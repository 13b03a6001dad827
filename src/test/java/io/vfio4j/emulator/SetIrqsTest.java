package io.vfio4j.emulator;

import static io.vfio4j.emulator.Attached.DATA_BOOL;
import static io.vfio4j.emulator.Attached.DATA_EVENTFD;
import static io.vfio4j.emulator.Attached.DATA_NONE;
import static io.vfio4j.emulator.Attached.DISPLAY;
import static io.vfio4j.emulator.Attached.MASK;
import static io.vfio4j.emulator.Attached.TRIGGER;
import static io.vfio4j.emulator.Attached.UNMASK;
import static io.vfio4j.emulator.Refusals.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What VFIO_DEVICE_SET_IRQS accepts, refuses and ignores, in the order of the drivers' checks. */
class SetIrqsTest {
    private EmulatedHost host;
    private Attached attached;
    private int eventFd;

    private void open(VgpuProfile profile) throws IOException {
        host = EmulatedHost.of(profile);
        attached = Attached.to(host);
        eventFd = host.systemCalls().eventFd("display irq").acquire();
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void data_none_is_not_validated() throws IOException {
        open(VgpuProfile.V5);
        attached.setIrqs(0, DATA_NONE | MASK, DISPLAY, 0, 2);
        assertTrue(host.vgpu().masked());
        attached.setIrqs(-1, DATA_NONE | UNMASK | 0x4000, DISPLAY, 0, 0);
        assertFalse(host.vgpu().masked());
        attached.setIrqs(20, DATA_NONE | TRIGGER, DISPLAY, 77, 99);
        assertEquals(0, host.vgpu().forbiddenCalls());
    }

    @ParameterizedTest
    @CsvSource({"0,3", "1,1", "0,-1"})
    void masking_more_than_there_is_is_invalid(int start, int count) throws IOException {
        open(VgpuProfile.V6);
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | MASK, DISPLAY, start, count));
    }

    @ParameterizedTest
    @CsvSource({"0,0", "0,2", "1,1"})
    void v3_masks_exactly_one(int start, int count) throws IOException {
        open(VgpuProfile.V3);
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | MASK, DISPLAY, start, count));
    }

    @Test
    void v2_cannot_be_masked() throws IOException {
        open(VgpuProfile.V2);
        assertErrno(Errno.ENOTTY, attached::mask);
        assertErrno(Errno.ENOTTY, attached::unmask);
    }

    @Test
    void what_carries_data_is_validated() throws IOException {
        open(VgpuProfile.V5);
        int arm = DATA_EVENTFD | TRIGGER;
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(19, arm, DISPLAY, 0, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, arm, DISPLAY, 0, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(23, arm, DISPLAY, 0, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, arm, 6, 0, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, arm, DISPLAY, 1, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, arm, DISPLAY, 0, 2, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, arm, DISPLAY, 0, -1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, arm, DISPLAY, -1, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, arm | 0x40, DISPLAY, 0, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, TRIGGER, DISPLAY, 0, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, arm | DATA_BOOL, DISPLAY, 0, 1, eventFd));
        assertFalse(host.vgpu().armed());
        attached.setIrqs(28, arm, DISPLAY, 0, 1, eventFd);
        assertTrue(host.vgpu().armed(), "a larger argsz is accepted");
    }

    @Test
    void data_that_is_announced_but_not_there_is_a_bad_address() throws IOException {
        open(VgpuProfile.V5);
        assertErrno(Errno.EFAULT, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1));
    }

    @ParameterizedTest
    @CsvSource({"-1,EBADF", "-2,EBADF", "900,EBADF"})
    void arming_what_is_not_open_is_a_bad_descriptor_so_minus_one_does_not_disarm(int number, String errno)
            throws IOException {
        open(VgpuProfile.V6);
        attached.setIrqs(24, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1, eventFd);
        LinuxException refusal = assertThrows(
                LinuxException.class, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1, number));
        assertEquals(errno, refusal.errnoName());
        assertTrue(host.vgpu().armed());
    }

    @Test
    void arming_what_is_no_eventfd_is_invalid() throws IOException {
        open(VgpuProfile.V6);
        int timer = host.systemCalls().timerFd("no eventfd").acquire();
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1, timer));
    }

    @Test
    void booleans_and_loopback_have_no_effect() throws IOException {
        open(VgpuProfile.V5);
        attached.setIrqs(24, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1, eventFd);
        attached.setIrqs(24, DATA_BOOL | TRIGGER, DISPLAY, 0, 1, 1);
        attached.setIrqs(24, DATA_BOOL | MASK, DISPLAY, 0, 1, 1);
        attached.setIrqs(24, DATA_EVENTFD | MASK, DISPLAY, 0, 1, eventFd);
        attached.setIrqs(20, DATA_NONE | TRIGGER, DISPLAY, 0, 1);
        assertTrue(host.vgpu().armed());
        assertFalse(host.vgpu().masked());
        assertEquals(0, host.vgpu().signalled().calls());
    }

    @Test
    void an_action_that_is_none_or_two_has_no_function() throws IOException {
        open(VgpuProfile.V5);
        for (int index : new int[] {0, 1, DISPLAY}) {
            assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE, index, 0, 0));
            assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE | MASK | TRIGGER, index, 0, 0));
        }
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE | MASK, 1, 0, 1));
        attached.setIrqs(20, DATA_NONE | MASK, 0, 0, 1);
        attached.setIrqs(24, DATA_EVENTFD | TRIGGER, 1, 0, 1, eventFd);
        attached.setIrqs(20, DATA_NONE | TRIGGER, 1, 0, 0);
    }

    @ParameterizedTest
    @EnumSource(names = {"V2", "V3", "V4", "V5", "V6", "PAGE_FLIP", "PORT", "PORT_DISPLAY"})
    void calls_that_crash_the_drivers_are_refused_and_counted(EmulatedDialect dialect) throws IOException {
        open(dialect.profile());
        assertErrno(
                Errno.EINVAL, () -> attached.setIrqs(24, DATA_NONE | DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1, eventFd));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_EVENTFD | TRIGGER, 1, 0, 0));
        for (int index = 2; index <= 4; index++) {
            int stray = index;
            assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, stray, 0, 0));
            assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, stray, 0, 1, eventFd));
        }
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, -1, 0, 1, eventFd));
        assertEquals(10, host.vgpu().forbiddenCalls());
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, -1, 0, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, 7, 0, 0));
        assertEquals(10, host.vgpu().forbiddenCalls());
        assertFalse(host.vgpu().armed());
    }

    @Test
    void mainline_has_no_display_irq_in_either_way() throws IOException {
        open(VgpuProfile.MAINLINE);
        assertErrno(Errno.ENOTTY, attached::disarm);
        assertErrno(Errno.ENOTTY, attached::mask);
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1, eventFd));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE | TRIGGER, 2, 0, 0));
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(24, DATA_EVENTFD | TRIGGER, 2, 0, 1, eventFd));
        assertEquals(0, host.vgpu().forbiddenCalls());
        assertErrno(Errno.EINVAL, () -> attached.setIrqs(20, DATA_EVENTFD | TRIGGER, 1, 0, 0));
        assertEquals(1, host.vgpu().forbiddenCalls(), "the null pointer of the MSI path is in mainline too");
    }

    @Test
    void arming_twice_loses_the_first_eventfd() throws IOException {
        open(VgpuProfile.V5);
        attached.setIrqs(24, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1, eventFd);
        assertEquals(0, host.vgpu().leakedContexts());
        attached.setIrqs(24, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1, eventFd);
        assertEquals(1, host.vgpu().leakedContexts());
    }

    @Test
    void disarming_before_two_masked_vblanks_is_a_race_in_the_drivers() throws IOException {
        open(VgpuProfile.V5);
        int arm = DATA_EVENTFD | TRIGGER;
        attached.setIrqs(24, arm, DISPLAY, 0, 1, eventFd);
        attached.disarm();
        assertEquals(1, host.vgpu().hastyDisarms());
        attached.disarm();
        assertEquals(1, host.vgpu().hastyDisarms(), "there was nothing to disarm");
        attached.setIrqs(24, arm, DISPLAY, 0, 1, eventFd);
        attached.mask();
        host.clock().advance(Duration.ofNanos(31_999_999));
        attached.disarm();
        assertEquals(2, host.vgpu().hastyDisarms());
        attached.setIrqs(24, arm, DISPLAY, 0, 1, eventFd);
        attached.mask();
        host.clock().advance(Duration.ofMillis(32));
        attached.disarm();
        attached.setIrqs(24, arm, DISPLAY, 0, 1, eventFd);
        host.vgpu().stepped(true);
        attached.disarm();
        assertEquals(2, host.vgpu().hastyDisarms(), "without a timer there is nothing to race with");
    }

    @Test
    void the_request_irq_follows_vfio_pci_and_takes_minus_one() throws IOException {
        open(VgpuProfile.V6.withRequestIrq(true));
        Descriptor request = host.systemCalls().eventFd("request");
        attached.arm(4, request);
        attached.setIrqs(20, DATA_NONE | TRIGGER, 4, 0, 1);
        assertEquals(1, host.systemCalls().drain(request), "loopback");
        attached.setIrqs(24, DATA_EVENTFD | TRIGGER, 4, 0, 1, -1);
        attached.setIrqs(20, DATA_NONE | TRIGGER, 4, 0, 1);
        assertEquals(0, host.systemCalls().drain(request));
        assertErrno(Errno.ENOTTY, () -> attached.setIrqs(20, DATA_NONE | MASK, 4, 0, 1));
        assertEquals(0, host.vgpu().forbiddenCalls());
    }

    @Test
    void the_trace_tells_the_calls_in_their_order() throws IOException {
        open(VgpuProfile.V5);
        host.clearTrace();
        attached.setIrqs(24, DATA_EVENTFD | TRIGGER, DISPLAY, 0, 1, eventFd);
        attached.mask();
        attached.disarm();
        attached.device().close();
        String device = attached.device().description();
        assertEquals(
                List.of(
                        "VFIO_DEVICE_SET_IRQS arm index 5 " + device,
                        "VFIO_DEVICE_SET_IRQS mask index 5 " + device,
                        "VFIO_DEVICE_SET_IRQS disarm index 5 " + device,
                        "close " + device),
                host.trace());
    }

    @Test
    void requests_that_the_driver_does_not_know_are_enotty() throws IOException {
        open(VgpuProfile.V5);
        Ioctl feature = Ioctl.io("VFIO_DEVICE_FEATURE", ';', 117);
        assertErrno(Errno.ENOTTY, () -> attached.calls().ioctl(attached.device(), feature, 0));
        assertErrno(Errno.ENOTTY, () -> attached.calls().ioctl(attached.group(), Vfio.VFIO_DEVICE_GET_INFO, 0));
        try (Descriptor attribute = attached.calls().open("/sys/class/mdev_bus/0000:00:02.0/vendor", Access.READ)) {
            assertErrno(Errno.ENOTTY, () -> attached.calls().ioctl(attribute, feature, 0));
        }
    }
}
