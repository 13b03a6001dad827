package io.vfio4j.emulator;

import java.util.Optional;

/**
 * The driver's side of the display irq: when it signals, and what. After {@code emulate_vblank_on_pipe} of
 * drivers/gpu/drm/i915/gvt/display.c and the register handlers of handlers.c, in each posted version.
 */
final class DisplayTrigger {
    /** How a flip came about. */
    enum Flip {
        /** The base address register was written; done at the vblank. */
        SYNC,
        /** As SYNC, done at once. */
        ASYNC,
        /** MI_DISPLAY_FLIP in the command stream; done at the vblank. */
        COMMAND,
        /** MI_DISPLAY_FLIP, done at once. */
        COMMAND_ASYNC;

        boolean isAsync() {
            return this == ASYNC || this == COMMAND_ASYNC;
        }

        boolean isRegisterWrite() {
            return this == SYNC || this == ASYNC;
        }
    }

    /** A plane that can flip. */
    enum Plane {
        PRIMARY,
        CURSOR
    }

    /** {@code irq.flip_done_event} and {@code display.async_flip_event} of one pipe. */
    private static final class Pending {
        private boolean primary;
        private boolean cursor;
        private boolean primaryAsync;
        private boolean cursorAsync;

        void clear() {
            primary = false;
            cursor = false;
            primaryAsync = false;
            cursorAsync = false;
        }
    }

    private final IrqAbi abi;
    private final Heuristic heuristic;
    private final long primaryValue;
    private final long cursorValue;
    private final Pending[] pending = {new Pending(), new Pending(), new Pending()};
    private Optional<EventFd> first = Optional.empty();
    private Optional<EventFd> second = Optional.empty();
    private boolean masked;
    private long calls;
    private long primaries;
    private long cursors;
    private long raw;
    private long guesses;
    private long dropped;

    DisplayTrigger(VgpuProfile profile, Kernel kernel) {
        abi = IrqAbi.of(profile.dialect());
        heuristic = switch (profile.dialect()) {
            case V4 -> kernel.sharedV4();
            case V5 -> kernel.sharedV5();
            case V6, PORT, PORT_DISPLAY -> Heuristic.threshold();
            default -> Heuristic.none();
        };
        primaryValue = profile.primaryValue();
        cursorValue = profile.cursorValue();
    }

    /** The eventfd of a display irq: 0 for the only one, or for v2's primary plane, 1 for v2's cursor. */
    Optional<EventFd> eventFd(int irq) {
        return irq == 0 ? first : second;
    }

    /** Stores the eventfd; a new one clears the mask, so that events start at once. */
    void setEventFd(int irq, Optional<EventFd> eventFd) {
        if (irq == 0) {
            first = eventFd;
        } else {
            second = eventFd;
        }
        if (eventFd.isPresent()) {
            masked = false;
        }
    }

    boolean isArmed() {
        return first.isPresent() || second.isPresent();
    }

    boolean isMasked() {
        return masked;
    }

    void setMasked(boolean masked) {
        this.masked = masked;
    }

    /** The guest has given a plane another base address. */
    void flip(Pipe pipe, Plane plane, Flip how) {
        Pending bits = pending[pipe.ordinal()];
        boolean cursor = plane == Plane.CURSOR;
        if (how.isAsync()) {
            bits.primaryAsync |= !cursor;
            bits.cursorAsync |= cursor;
        } else {
            bits.primary |= !cursor;
            bits.cursor |= cursor;
        }
        if (abi.signalling() == IrqAbi.Signalling.AT_REGISTER_WRITE && how.isRegisterWrite()) {
            post(cursor ? second : first, cursor ? 0 : 1, cursor ? 1 : 0, 0, 1);
        }
    }

    /** A vblank of one pipe; called for all three, enabled or not. */
    void vblank(Pipe pipe, boolean enabled) {
        Pending bits = pending[pipe.ordinal()];
        int primary = count(enabled && bits.primary);
        int cursor = count(enabled && bits.cursor);
        int primaryAsync = count(enabled && bits.primaryAsync);
        int cursorAsync = count(enabled && bits.cursorAsync);
        bits.clear();
        switch (abi.signalling()) {
            case EVERY_VBLANK -> {
                if (enabled) {
                    post(first, 0, 0, 0, 1);
                }
            }
            case EVERY_FLIP_DONE -> {
                // Asynchronous flips have their event at once in that tree, and set no flip-done bit.
                for (int i = 0; i < primary + cursor; i++) {
                    post(first, 0, 0, 0, 1);
                }
            }
            case PLANES_ADDED -> signalPlanes(primary + primaryAsync, cursor + cursorAsync, false);
            case PLANES_ONCE -> signalPlanes(primary + primaryAsync, cursor + cursorAsync, true);
            case NEVER, AT_REGISTER_WRITE -> {
                // Nothing is bound to the vblank.
            }
        }
    }

    private void signalPlanes(int primary, int cursor, boolean once) {
        int guessed = count(heuristic.guess(primary + cursor));
        int primaries = primary + guessed;
        if (primaries + cursor == 0) {
            return;
        }
        int primaryEvents = once ? Math.min(primaries, 1) : primaries;
        int cursorEvents = once ? Math.min(cursor, 1) : cursor;
        long value = abi.valuesTellPlanes() ? primaryEvents * primaryValue + cursorEvents * cursorValue : 1;
        post(first, primaryEvents, cursorEvents, guessed, value);
    }

    private void post(Optional<EventFd> eventFd, int primary, int cursor, int guessed, long value) {
        if (eventFd.isEmpty()) {
            return;
        }
        if (masked) {
            dropped++;
            return;
        }
        eventFd.get().signal(value);
        calls++;
        raw += value;
        guesses += guessed;
        if (abi.valuesTellPlanes()) {
            primaries += primary;
            cursors += cursor;
        }
    }

    /** How often it has signalled. */
    long calls() {
        return calls;
    }

    /** Whether a flip waits for the vblank to be signalled. */
    boolean signalsAtVblank() {
        return abi.signalling() != IrqAbi.Signalling.AT_REGISTER_WRITE;
    }

    SignalCounts counts(long vblanks) {
        return new SignalCounts(calls, primaries, cursors, raw, guesses, dropped, vblanks);
    }

    private static int count(boolean flag) {
        return flag ? 1 : 0;
    }
}
