package io.vfio4j.display.pixels;

/**
 * What is known about the {@link Consistency} of a picture, and why.
 *
 * <p>An answer of the driver that stays the same proves nothing: a guest that flips twice is back where it was, and ids are used again.
 * What proves something is the display irq, if it is armed, not masked, and of a kind that tells of every flip: when it was silent from
 * before the first byte was read until after the last one, and the plane is still the same, no flip was completed in between.
 *
 * <p>Two things no irq tells. A guest that draws into the buffer that it shows changes nothing that could be asked for. And a flip is
 * signalled at the vblank that follows it: a guest that flips without waiting for vblanks, away and back again within one of them, is
 * not found out.
 */
public enum Evidence {
    /** {@link Consistency#STABLE}. */
    NO_EVENT(
            Consistency.STABLE,
            "No event of the display irq came, and the plane is the same before and after; drawing into the shown buffer is not seen."),
    /** {@link Consistency#OVERTAKEN}: the display irq was signalled for the plane. */
    EVENT(Consistency.OVERTAKEN, "An event of the display irq came while the pixels were read."),
    /** {@link Consistency#OVERTAKEN}: the driver's answer is another one. */
    PLANE_CHANGED(Consistency.OVERTAKEN, "The plane shows another buffer, or nothing, since the pixels were read."),
    /** {@link Consistency#UNKNOWN}: nobody can tell. */
    NO_IRQ(
            Consistency.UNKNOWN,
            "No display irq is in use, and an unchanged plane alone proves nothing: the guest may have flipped twice."),
    /** {@link Consistency#UNKNOWN}: the irq is masked. */
    NOT_LISTENING(
            Consistency.UNKNOWN,
            "The display irq was masked for at least a part of the time, because nobody subscribes or the policy changed."),
    /** {@link Consistency#UNKNOWN}: of a kind that does not tell of all flips. */
    NOT_EVERY_FLIP(
            Consistency.UNKNOWN, "No event of the display irq came, but this kind of it does not tell of every flip."),
    /** {@link Consistency#UNKNOWN}: of a kind that tells of each vblank. */
    EVERY_VBLANK(
            Consistency.UNKNOWN,
            "An event of the display irq came, which this kind of it sends at every vblank, whether there was a flip or not."),
    /** {@link Consistency#UNKNOWN}: the loop is busy. */
    LOOP_BUSY(
            Consistency.UNKNOWN,
            "The display's loop did not say in time whether an event of the display irq had come: a listener keeps it."),
    /** {@link Consistency#UNKNOWN}: the driver did not answer again. */
    NOT_ASKED_AGAIN(Consistency.UNKNOWN, "The driver refused to tell of the plane again after the pixels were read."),
    /** {@link Consistency#UNKNOWN}: it comes from no device. */
    NOT_CAPTURED(Consistency.UNKNOWN, "The picture was not captured from a device.");

    private final Consistency consistency;
    private final String reason;

    Evidence(Consistency consistency, String reason) {
        this.consistency = consistency;
        this.reason = reason;
    }

    /**
     * What follows from it.
     *
     * @return the verdict
     */
    public Consistency consistency() {
        return consistency;
    }

    /**
     * Why.
     *
     * @return a sentence, always the same object
     */
    public String reason() {
        return reason;
    }
}
