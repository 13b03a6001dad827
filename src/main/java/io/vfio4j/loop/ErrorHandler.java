package io.vfio4j.loop;

/**
 * Told of what went wrong where nobody waits for an answer: a listener threw, the kernel refused something on the loop. Called on the
 * loop's thread or an executor's; must not throw.
 */
@FunctionalInterface
public interface ErrorHandler {

    /**
     * Something went wrong; whoever reports it goes on.
     *
     * @param what was being done
     * @param cause what it threw
     */
    void onError(String what, Throwable cause);

    /**
     * Logs by {@link System.Logger} under the name {@code io.vfio4j}, as a warning.
     *
     * @return the handler of whoever is given no other
     */
    static ErrorHandler logging() {
        return (what, cause) -> System.getLogger("io.vfio4j").log(System.Logger.Level.WARNING, what, cause);
    }
}
