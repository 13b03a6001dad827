package io.vfio4j.frontend;

import io.vfio4j.display.BufferChange;
import io.vfio4j.display.RefreshEvent;
import io.vfio4j.display.RefreshSource;
import io.vfio4j.vfio.PlaneType;
import java.util.OptionalLong;

/** What the reader is asked for next; what is asked for meanwhile merges. */
final class Wish {
    private boolean picture;
    private boolean cursor;
    private boolean anyway;
    private boolean askPrimary;
    private boolean askCursor;
    private boolean tidy;
    private OptionalLong noticed = OptionalLong.empty();
    private OptionalLong asked = OptionalLong.empty();

    /** Look at everything, whatever was seen before. */
    void look() {
        picture = true;
        cursor = true;
        anyway = true;
    }

    /** The display says that something changed, or may have. */
    void refresh(RefreshEvent event) {
        picture |= event.planes().contains(PlaneType.PRIMARY);
        // Cheap beside a picture, and not every kind of irq tells of it.
        cursor = true;
        noticed = OptionalLong.of(event.timeNanos());
    }

    /** The display says something that proves nothing, while it was found that nothing changes. Returns whether it can be asked about. */
    boolean ask(RefreshEvent event) {
        boolean primary = event.planes().contains(PlaneType.PRIMARY);
        askPrimary |= primary && event.source() == RefreshSource.IRQ && event.buffer() == BufferChange.NOT_QUERIED;
        askCursor |= event.planes().contains(PlaneType.CURSOR);
        asked = OptionalLong.of(event.timeNanos());
        return askPrimary || askCursor;
    }

    /** Somebody has left. */
    void tidy() {
        tidy = true;
    }

    boolean wantsPicture() {
        return picture;
    }

    boolean wantsCursor() {
        return cursor;
    }

    /** Also if the picture that is shown is newer than what was noticed. */
    boolean isUrgent() {
        return anyway;
    }

    boolean asksForPrimary() {
        return askPrimary;
    }

    boolean asksForCursor() {
        return askCursor;
    }

    boolean wantsTidiness() {
        return tidy;
    }

    /** When the last event came that this is about. */
    OptionalLong noticed() {
        return noticed.isPresent() ? noticed : asked;
    }

    /** The same of a refresh alone. */
    OptionalLong refreshed() {
        return noticed;
    }
}
