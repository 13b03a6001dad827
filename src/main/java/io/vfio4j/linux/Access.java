package io.vfio4j.linux;

/** What a descriptor or mapping is opened for. */
public enum Access {
    /** Reading only. */
    READ,
    /** Writing only. */
    WRITE,
    /** Reading and writing. */
    READ_WRITE
}
