package io.vfio4j.display;

/** Told of what went wrong where nobody waits for an answer. Called on the loop's thread or an executor's; must not throw. */
@FunctionalInterface
public interface ErrorHandler {

    /**
     * Something went wrong; the display goes on.
     *
     * @param what was being done
     * @param cause what it threw
     */
    void onError(String what, Throwable cause);

    /**
     * Logs by {@link System.Logger} under the name {@code io.vfio4j.display}, as a warning.
     *
     * @return the handler that a display has unless it is given another
     */
    static ErrorHandler logging() {
        return (what, cause) -> System.getLogger("io.vfio4j.display").log(System.Logger.Level.WARNING, what, cause);
    }
}
