package io.vfio4j.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.Irq;
import io.vfio4j.vfio.IrqEvent;
import io.vfio4j.vfio.IrqOptions;
import io.vfio4j.vfio.IrqSubscription;
import io.vfio4j.vfio.PciIrq;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Several vectors of one irq, raised by loop-back: the same on every kernel. */
final class MsixChecks {
    private MsixChecks() {}

    static void severalVectorsReachOneListener(EventLoop loop, VfioDevice device, List<String> errors)
            throws IOException {
        Irq irq = device.irq(PciIrq.MSIX);
        IrqOptions options = IrqOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what));
        IrqNotes notes = new IrqNotes();
        try (IrqSubscription subscription = irq.subscribe(loop, notes, options.withVectors(0, 5))) {
            irq.trigger(3);
            irq.trigger(1);
            irq.trigger(3);
            loop.await(notes.total(3));
            assertEquals(Map.of(1, 1L, 3, 2L), countsOf(notes));
            assertEquals(subscription.irq(), irq);
        }
        IrqNotes some = new IrqNotes();
        try (IrqSubscription subscription = irq.subscribe(loop, some, options.withVectors(2, 2))) {
            subscription.irq().trigger(2);
            subscription.irq().trigger(3);
            loop.await(some.total(2));
            assertEquals(Map.of(2, 1L, 3, 1L), countsOf(some));
            assertThrows(IllegalArgumentException.class, () -> irq.trigger(1));
            assertThrows(IllegalArgumentException.class, () -> irq.trigger(4));
        }
        assertThrows(IllegalArgumentException.class, () -> irq.subscribe(loop, some, options.withVectors(3, 3)));
        assertFalse(irq.armed());
        withEventFds(device.systemCalls(), irq);
        assertEquals(3, notes.count());
    }

    private static void withEventFds(SystemCalls calls, Irq irq) throws IOException {
        List<Descriptor> eventFds = new ArrayList<>();
        try {
            for (int i = 0; i < 5; i++) {
                eventFds.add(calls.eventFd("vector " + i));
            }
            irq.arm(0, eventFds);
            for (int i = 0; i < 5; i++) {
                for (int times = 0; times <= i; times++) {
                    irq.trigger(i);
                }
            }
            for (int i = 0; i < 5; i++) {
                assertEquals(i + 1, calls.drain(eventFds.get(i)));
            }
            irq.disarm();
        } finally {
            eventFds.forEach(Descriptor::close);
        }
    }

    private static Map<Integer, Long> countsOf(IrqNotes notes) {
        return notes.events.stream()
                .collect(Collectors.groupingBy(IrqEvent::vector, Collectors.summingLong(IrqEvent::count)));
    }
}
