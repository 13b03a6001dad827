package io.vfio4j.emulator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * Who has vblanks when. The drivers of 2019 have one timer for all vGPUs, which runs while any of them has an enabled pipe;
 * later kernels have one for each vGPU (drivers/gpu/drm/i915/gvt/display.c). A vGPU that nobody has open is not active and
 * gets no vblank.
 */
final class VblankTimers {
    /** VBLNAK_TIMER_PERIOD of 2019: 62.5 Hz. */
    static final long CLASSIC_PERIOD = 16_000_000;

    private static final long SECOND = 1_000_000_000;

    /** An hrtimer that goes on by its period from expiry to expiry, and tells when it was to expire. */
    private final class Periodic {
        private long period;
        private final LongConsumer action;
        private EventQueue.Event next = EventQueue.Event.NONE;
        private boolean running;

        Periodic(long period, LongConsumer action) {
            this.period = period;
            this.action = action;
        }

        void run(boolean on) {
            if (on == running) {
                return;
            }
            running = on;
            next.cancel();
            if (on) {
                expireAt(kernel.nanoTime() + period);
            }
        }

        /** hrtimer_start() with another period. */
        void setPeriod(long other) {
            boolean restart = running;
            run(false);
            period = other;
            run(restart);
        }

        private void expireAt(long time) {
            next = kernel.events().at(time, () -> {
                expireAt(time + period);
                action.accept(time);
            });
        }
    }

    private final Kernel kernel;
    private final Periodic classic = new Periodic(CLASSIC_PERIOD, this::classicVblank);
    private final Map<VgpuDriver, Periodic> own = new HashMap<>();
    private final List<VgpuDriver> drivers = new ArrayList<>();

    VblankTimers(Kernel kernel) {
        this.kernel = kernel;
    }

    /** As DIV64_U64_ROUND_CLOSEST in vgpu_update_vblank_emulation(). */
    static long period(int hertz) {
        return (SECOND + hertz / 2) / hertz;
    }

    /** How long it is from one vblank of a vGPU to the next. */
    long period(VgpuDriver driver) {
        return driver.hasOwnTimer() ? period(driver.refreshRate()) : CLASSIC_PERIOD;
    }

    void add(VgpuDriver driver) {
        drivers.add(driver);
        if (driver.hasOwnTimer()) {
            own.put(driver, new Periodic(period(driver.refreshRate()), driver::vblank));
        }
        update();
    }

    void remove(VgpuDriver driver) {
        drivers.remove(driver);
        Periodic timer = own.remove(driver);
        if (timer != null) {
            timer.run(false);
        }
        update();
    }

    /** vgpu_update_vblank_emulation(): the guest has set a mode of another rate. */
    void changeRate(VgpuDriver driver) {
        if (own.containsKey(driver)) {
            own.get(driver).setPeriod(period(driver.refreshRate()));
        }
    }

    /** To be called after every change of what {@link #hasVblanks} looks at. */
    void update() {
        boolean runClassic = false;
        for (VgpuDriver driver : drivers) {
            boolean run = !driver.isStepped() && hasVblanks(driver);
            if (driver.hasOwnTimer()) {
                own.get(driver).run(run);
            } else {
                runClassic |= run;
            }
        }
        classic.run(runClassic);
    }

    boolean hasVblanks(VgpuDriver driver) {
        if (!driver.isOpen()) {
            return false;
        }
        return driver.hasOwnTimer() ? driver.hasPipe() : classicHasPipe();
    }

    private boolean classicHasPipe() {
        return drivers.stream().anyMatch(driver -> driver.isOpen() && !driver.hasOwnTimer() && driver.hasPipe());
    }

    private void classicVblank(long time) {
        for (VgpuDriver driver : List.copyOf(drivers)) {
            if (!driver.hasOwnTimer() && !driver.isStepped() && driver.isOpen()) {
                driver.vblank(time);
            }
        }
    }
}
