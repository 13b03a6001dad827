package io.vfio4j.contract;

import io.vfio4j.vfio.IrqEvent;
import io.vfio4j.vfio.IrqListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** A listener that notes what it hears, and lets others wait for it. All on the loop's thread, which is the test's. */
class IrqNotes implements IrqListener {
    final List<IrqEvent> events = new ArrayList<>();
    final List<Optional<Throwable>> closes = new ArrayList<>();
    private long wanted = Long.MAX_VALUE;
    private CountDownLatch reached = new CountDownLatch(1);

    /** Opens when that many interrupts have come in all. */
    CountDownLatch total(long interrupts) {
        wanted = interrupts;
        reached = new CountDownLatch(1);
        check();
        return reached;
    }

    long count() {
        return events.stream().mapToLong(IrqEvent::count).sum();
    }

    private void check() {
        if (count() >= wanted) {
            reached.countDown();
        }
    }

    @Override
    public void onInterrupt(IrqEvent event) {
        events.add(event);
        check();
    }

    @Override
    public void onClosed(Optional<Throwable> cause) {
        closes.add(cause);
    }
}
