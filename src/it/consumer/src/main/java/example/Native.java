package example;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;

/** What of the real kernel can be reached from here, and if nothing, why. */
public final class Native {
    private Native() {}

    public static void main(String[] arguments) throws Exception {
        if (!JnaLinux.isAvailable()) {
            System.out.println("unavailable: "
                    + JnaLinux.unavailabilityCause().orElseThrow().getMessage());
            return;
        }
        SystemCalls calls = JnaLinux.open();
        try (Descriptor counter = calls.eventFd("a counter")) {
            calls.signal(counter, 42);
            System.out.println("available: " + calls.drain(counter));
        }
    }
}
