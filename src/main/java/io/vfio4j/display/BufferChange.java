package io.vfio4j.display;

/** What a query of the primary plane says about its framebuffer. */
public enum BufferChange {
    /** Another framebuffer, or another mode, than at the last query. */
    NEW_BUFFER,
    /**
     * The same description as at the last query. The pixels may have changed all the same: two flips between queries give the
     * same buffer again, ids are reused, and drawing to the front buffer changes no field.
     */
    SAME_BUFFER,
    /** No query was made for this event, or it failed. */
    NOT_QUERIED
}
