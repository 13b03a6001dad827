package io.vfio4j.contract;

import java.io.IOException;

/** Another process that has devices open. */
interface TestOwner extends AutoCloseable {
    /** Its number. */
    int pid();

    /** Whether it goes on with its devices as if nobody else had them. */
    boolean goesOn() throws IOException;

    /** Ends it, in whatever way it is used to, and returns when it has ended; again if need be. */
    @Override
    void close() throws IOException;
}
