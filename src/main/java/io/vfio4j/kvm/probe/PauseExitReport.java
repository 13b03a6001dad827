package io.vfio4j.kvm.probe;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import java.util.List;

/**
 * Whether this host's processors notice that a vCPU spins: pause-loop exiting (PLE) of Intel's, the pause filter of AMD's. Without
 * it KVM's directed yield is never begun by a spinning vCPU.
 *
 * @param noticed whether they do, for all that the module's parameters tell
 * @param text why, for people; names the module's parameter
 */
public record PauseExitReport(boolean noticed, String text) {
    /** vmx.c and svm.c set them to 0 where the processor cannot. */
    private static final List<Parameter> PARAMETERS =
            List.of(new Parameter("kvm_intel", "ple_gap"), new Parameter("kvm_amd", "pause_filter_count"));

    private record Parameter(String module, String name) {
        String path() {
            return "/sys/module/" + module + "/parameters/" + name;
        }
    }

    /**
     * Looks at the parameters of the module that is loaded.
     *
     * @param calls a real kernel
     * @return what they say
     */
    public static PauseExitReport of(SystemCalls calls) {
        for (Parameter parameter : PARAMETERS) {
            if (calls.exists("/sys/module/" + parameter.module())) {
                return of(calls, parameter);
            }
        }
        return new PauseExitReport(
                false,
                "neither kvm_intel nor kvm_amd is at work here, and no other KVM of x86 notices vCPUs that spin");
    }

    private static PauseExitReport of(SystemCalls calls, Parameter parameter) {
        String value;
        try {
            value = calls.readText(parameter.path()).strip();
        } catch (LinuxException e) {
            return new PauseExitReport(false, e.getMessage());
        }
        String text = parameter.module() + " has " + parameter.name() + "=" + value;
        return value.equals("0")
                ? new PauseExitReport(false, text + ": the processor cannot notice vCPUs that spin, or is not to")
                : new PauseExitReport(true, text);
    }
}
