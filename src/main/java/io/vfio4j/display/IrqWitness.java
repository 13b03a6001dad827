package io.vfio4j.display;

import io.vfio4j.display.irq.CounterDecoder;
import io.vfio4j.display.irq.IrqDialect;
import io.vfio4j.display.pixels.Evidence;
import io.vfio4j.display.pixels.Witness;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.loop.Errand;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.PlaneType;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether the display irq was signalled between two moments. What the loop has been told is not enough: a signal may wait in the
 * eventfd, or have been read and not been handled. So at both moments the loop reads ahead, between its turns; or, where the loop's
 * own thread asks, in the middle of one, which is as good: what was read and not handled by then is older than both.
 */
final class IrqWitness implements Witness {
    /** Whoever keeps the loop busy for longer may be waiting for this very picture. */
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    /** Signals below, interruptions above: enough for two hundred years of either. */
    private static final int SIGNAL_BITS = 40;

    private static final long NO_IRQ = -1;
    private static final long NOT_LISTENING = -2;
    private static final long LOOP_BUSY = -3;

    private enum Use {
        NONE,
        MASKED,
        LISTENING
    }

    private final EventLoop loop;
    private final Optional<IrqDialect> dialect;
    private final AtomicReference<@Nullable Question> spare = new AtomicReference<>();
    private volatile Use use = Use.NONE;

    // The loop's thread.

    private Optional<IrqSource> source = Optional.empty();
    private long interruptions;
    private long primarySignals;
    private long cursorSignals;

    /** How things stand, asked of the loop. */
    private final class Question {
        private final Errand errand = new Errand(loop, this::look);
        private long primary;
        private long cursor;

        private void look() {
            if (use == Use.LISTENING) {
                try {
                    source.orElseThrow().readAhead();
                } catch (LinuxException e) {
                    // Then it cannot be read at the second moment either, or later is found to have been signalled.
                    interruptions++;
                }
            }
            primary = mark(primarySignals);
            cursor = mark(cursorSignals);
        }

        private long mark(long signals) {
            return switch (use) {
                case NONE -> NO_IRQ;
                case MASKED -> NOT_LISTENING;
                case LISTENING -> interruptions << SIGNAL_BITS | signals;
            };
        }
    }

    IrqWitness(EventLoop loop, Optional<IrqDialect> dialect) {
        this.loop = loop;
        this.dialect = dialect;
    }

    /** Loop's thread: from now on every signal is read. */
    void listening(IrqSource from) {
        source = Optional.of(from);
        interruptions++;
        use = Use.LISTENING;
    }

    /** Loop's thread: from now on signals are lost. */
    void masked() {
        interruptions++;
        use = Use.MASKED;
    }

    /** Loop's thread: the irq is not used any more. */
    void unused() {
        interruptions++;
        use = Use.NONE;
        source = Optional.empty();
    }

    /** Loop's thread: something was read. */
    void count(CounterDecoder decoded) {
        primarySignals += decoded.primaryChanged() ? 1 : 0;
        cursorSignals += decoded.cursorChanged() ? 1 : 0;
    }

    @Override
    public long begin(PlaneType plane) {
        return switch (use) {
            case NONE -> NO_IRQ;
            case MASKED -> NOT_LISTENING;
            case LISTENING -> ask(plane);
        };
    }

    private long ask(PlaneType plane) {
        Question question = spare.getAndSet(null);
        if (question == null) {
            question = new Question();
        }
        if (!question.errand.run(PATIENCE_NANOS)) {
            return LOOP_BUSY;
        }
        long mark = plane == PlaneType.CURSOR ? question.cursor : question.primary;
        spare.set(question);
        return mark;
    }

    @Override
    public Evidence end(PlaneType plane, long begun) {
        long ended = begun < 0 ? begun : ask(plane);
        if (begun == NO_IRQ) {
            return Evidence.NO_IRQ;
        }
        if (begun == LOOP_BUSY || ended == LOOP_BUSY) {
            return Evidence.LOOP_BUSY;
        }
        if (begun < 0 || ended < 0 || begun >>> SIGNAL_BITS != ended >>> SIGNAL_BITS) {
            return Evidence.NOT_LISTENING;
        }
        return begun == ended ? silence() : signal();
    }

    /**
     * v2 signals in {@code pri_surf_mmio_write()}, so not for flips by the command stream; the page-flip tree for {@code flip_done_event},
     * so not for flips that wait for no vblank.
     */
    private Evidence silence() {
        return switch (dialect.orElseThrow()) {
            case V2, PAGE_FLIP -> Evidence.NOT_EVERY_FLIP;
            case V3, V4, V5, V6, PORT, PORT_DISPLAY -> Evidence.NO_EVENT;
        };
    }

    private Evidence signal() {
        return dialect.orElseThrow() == IrqDialect.V3 ? Evidence.EVERY_VBLANK : Evidence.EVENT;
    }
}
