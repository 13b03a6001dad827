package io.vfio4j.frontend;

/** Who draws the guest's cursor. */
public enum CursorStyle {
    /** It is in the picture; a moving cursor changes the picture. */
    DRAWN,
    /** The viewer draws it, from {@link Look#cursor}; it is not in the picture. */
    SEPARATE
}
