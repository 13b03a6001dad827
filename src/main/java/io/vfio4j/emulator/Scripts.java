package io.vfio4j.emulator;

import io.vfio4j.emulator.DisplayTrigger.Flip;

/** The scenarios, written down. */
final class Scripts {
    private static final int IDLE_FLIPS = 10;
    private static final int MODE_VBLANKS = 60;
    private static final int[][] MODES = {{1024, 768}, {1280, 720}, {800, 600}};
    private static final long PIPE_NANOS = 500_000_000;
    private static final int BURST_FLIPS = 8;
    private static final int BURST_VBLANKS = 10;
    private static final int BURST_PERIOD = 40;

    private Scripts() {}

    static GuestScript of(Scenario scenario, Kernel kernel, VgpuDriver driver) {
        return switch (scenario) {
            case FLIP -> new PerPipe(driver, (pipe, vblank) -> driver.flip(pipe, Flip.SYNC));
            case WINDOW -> new PerPipe(driver, Picture.DESKTOP, (pipe, vblank) -> driver.flip(pipe, Flip.SYNC));
            case IDLE ->
                new PerPipe(driver, (pipe, vblank) -> {
                    if (vblank < IDLE_FLIPS) {
                        driver.flip(pipe, Flip.SYNC);
                    }
                });
            case CONSOLE ->
                new PerPipe(driver, (pipe, vblank) -> driver.display().draw(pipe));
            case CURSOR ->
                new PerPipe(driver, (pipe, vblank) -> {
                    GuestDisplay display = driver.display();
                    display.moveCursor(
                            pipe, (int) (8 * vblank % display.width()), (int) (4 * vblank % display.height()));
                    driver.updateCursor(pipe, Flip.SYNC);
                    display.draw(pipe);
                });
            case MODE ->
                new PerPipe(driver, (pipe, vblank) -> {
                    if (vblank > 0 && vblank % MODE_VBLANKS == 0 && driver.hasModes()) {
                        int[] mode = MODES[(int) (vblank / MODE_VBLANKS % MODES.length)];
                        driver.display().setMode(mode[0], mode[1]);
                    }
                    driver.flip(pipe, Flip.SYNC);
                });
            case PIPE -> new Blinking(kernel, driver);
            case BURST ->
                new PerPipe(driver, (pipe, vblank) -> {
                    if (vblank % BURST_PERIOD < BURST_VBLANKS) {
                        for (int i = 0; i < BURST_FLIPS; i++) {
                            driver.flip(pipe, Flip.SYNC);
                        }
                    }
                });
        };
    }

    private interface Act {
        /** Vblank 0 is the start. */
        void act(Pipe pipe, long vblank);
    }

    /** Does the same thing on every enabled pipe, at the start and in each vblank. */
    private static class PerPipe implements GuestScript {
        private final VgpuDriver driver;
        private final Picture picture;
        private final Act act;
        private long vblank;

        PerPipe(VgpuDriver driver, Act act) {
            this(driver, driver.display().firstPicture(), act);
        }

        PerPipe(VgpuDriver driver, Picture picture, Act act) {
            this.driver = driver;
            this.picture = picture;
            this.act = act;
        }

        @Override
        public void start() {
            driver.display().paint(picture);
            for (Pipe pipe : Pipe.values()) {
                if (driver.display().isEnabled(pipe)) {
                    act.act(pipe, vblank);
                }
            }
            vblank++;
        }

        @Override
        public void onVblank(Pipe pipe) {
            act.act(pipe, vblank);
        }

        @Override
        public void afterVblank() {
            vblank++;
        }
    }

    /** Flips while pipe A is on, and turns it off and on by a timer of its own, because no vblank comes while it is off. */
    private static final class Blinking extends PerPipe {
        private final Kernel kernel;
        private final VgpuDriver driver;
        private EventQueue.Event next = EventQueue.Event.NONE;

        Blinking(Kernel kernel, VgpuDriver driver) {
            super(driver, (pipe, vblank) -> driver.flip(pipe, Flip.SYNC));
            this.kernel = kernel;
            this.driver = driver;
        }

        @Override
        public void start() {
            super.start();
            scheduleToggle();
        }

        private void scheduleToggle() {
            next = kernel.events().after(PIPE_NANOS, () -> {
                scheduleToggle();
                boolean on = !driver.display().isEnabled(Pipe.A);
                driver.setPipe(Pipe.A, on);
                if (on) {
                    driver.flip(Pipe.A, Flip.SYNC);
                }
            });
        }

        @Override
        public void stop() {
            next.cancel();
        }
    }
}
