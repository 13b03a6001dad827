package io.vfio4j.linux.jna;

/** Which ways to the pixels of an import are tried. The best one differs by driver; a test wants to see each of them at work. */
enum Readback {
    /** As they are from the import itself where that works, else drawn. */
    BEST,
    /** Drawn, through an ordinary texture where that works, else through an external one. */
    DRAWN,
    /** Drawn through an external texture. */
    EXTERNAL
}
