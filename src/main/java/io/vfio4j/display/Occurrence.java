package io.vfio4j.display;

import io.vfio4j.display.irq.CounterDecoder;
import io.vfio4j.vfio.PlaneType;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * Something that a display noticed, on its way to the subscriptions; also what several of them merge into. Mutable, so that an
 * event costs no more than its record.
 */
final class Occurrence {
    /** In the same order in every JVM, for who prints them. */
    private static final Set<PlaneType> ALL = Collections.unmodifiableSet(EnumSet.allOf(PlaneType.class));

    private static final Set<PlaneType> PRIMARY = Set.of(PlaneType.PRIMARY);
    private static final Set<PlaneType> CURSOR = Set.of(PlaneType.CURSOR);

    private boolean empty = true;
    private boolean primaryChanged;
    private boolean cursorChanged;
    private RefreshSource source = RefreshSource.IRQ;
    private BufferChange buffer = BufferChange.NOT_QUERIED;
    private long sequence;
    private int merged;
    private boolean saturated;
    private long time;
    private boolean signalsKnown;
    private boolean planesKnown;
    private long signals;
    private long primary;

    /** A counter was read. */
    void setRead(CounterDecoder decoded, long sequence, long time) {
        empty = false;
        primaryChanged = decoded.primaryChanged();
        cursorChanged = decoded.cursorChanged();
        source = RefreshSource.IRQ;
        buffer = BufferChange.NOT_QUERIED;
        this.sequence = sequence;
        merged = 1;
        saturated = decoded.saturated();
        this.time = time;
        signalsKnown = decoded.signalsCounted();
        planesKnown = decoded.planesCounted();
        signals = decoded.signals();
        primary = decoded.primary();
    }

    /** Something else than a read: it signals nothing, and where there is no irq nothing is known of signals. */
    void setOther(RefreshSource source, boolean cursorToo, BufferChange buffer, long sequence, long time) {
        empty = false;
        primaryChanged = true;
        cursorChanged = cursorToo;
        this.source = source;
        this.buffer = buffer;
        this.sequence = sequence;
        merged = 0;
        saturated = false;
        this.time = time;
        signalsKnown = source != RefreshSource.TIMER;
        planesKnown = signalsKnown;
        signals = 0;
        primary = 0;
    }

    void clear() {
        empty = true;
    }

    boolean isEmpty() {
        return empty;
    }

    boolean primaryChanged() {
        return primaryChanged;
    }

    boolean cursorChanged() {
        return cursorChanged;
    }

    /** Takes in a later one. */
    void merge(Occurrence later) {
        if (empty) {
            copy(later);
            return;
        }
        boolean bothKnow = signalsKnown && later.signalsKnown;
        if (merged == 0 && later.merged > 0) {
            // A timer's "nothing known of signals" does not spoil what reads tell.
            signalsKnown = later.signalsKnown;
            planesKnown = later.planesKnown;
        } else if (later.merged > 0 || merged == 0) {
            signalsKnown = bothKnow;
            planesKnown = planesKnown && later.planesKnown;
        }
        signals += later.signals;
        primary += later.primary;
        primaryChanged |= later.primaryChanged;
        cursorChanged |= later.cursorChanged;
        source = merged > 0 || later.merged > 0 ? RefreshSource.IRQ : later.source;
        buffer = buffer == BufferChange.NEW_BUFFER || later.buffer == BufferChange.NOT_QUERIED ? buffer : later.buffer;
        sequence = later.sequence;
        merged += later.merged;
        saturated |= later.saturated;
        time = later.time;
    }

    private void copy(Occurrence other) {
        empty = other.empty;
        primaryChanged = other.primaryChanged;
        cursorChanged = other.cursorChanged;
        source = other.source;
        buffer = other.buffer;
        sequence = other.sequence;
        merged = other.merged;
        saturated = other.saturated;
        time = other.time;
        signalsKnown = other.signalsKnown;
        planesKnown = other.planesKnown;
        signals = other.signals;
        primary = other.primary;
    }

    RefreshEvent toEvent() {
        Set<PlaneType> planes = primaryChanged ? (cursorChanged ? ALL : PRIMARY) : CURSOR;
        return new RefreshEvent(
                planes,
                source,
                source == RefreshSource.IRQ ? BufferChange.NOT_QUERIED : buffer,
                sequence,
                merged,
                saturated,
                time,
                signalsKnown ? signals : RefreshEvent.UNKNOWN,
                planesKnown ? primary : RefreshEvent.UNKNOWN);
    }
}
