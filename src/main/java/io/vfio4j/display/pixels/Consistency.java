package io.vfio4j.display.pixels;

/**
 * Whether the guest changed what was being read. Never more is said than was checked; {@link Evidence} tells what that was.
 */
public enum Consistency {
    /** The guest did not flip meanwhile: the picture is one picture, as far as the guest keeps from drawing into what it shows. */
    STABLE,
    /** Something was signalled or has changed meanwhile: the picture may be half the old one and half the new one. */
    OVERTAKEN,
    /** It could not be checked. */
    UNKNOWN
}
