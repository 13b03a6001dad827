package io.vfio4j.linux.jna;

import com.sun.jna.NativeLibrary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Whether the libraries of GL are there: found out once, by loading them, when somebody asks. Nobody else is to notice them. */
final class GlAvailability {
    static final String SWITCH = "io.vfio4j.gl";
    static final Optional<Throwable> CAUSE = probe();

    private GlAvailability() {}

    private static Optional<Throwable> probe() {
        if ("off".equals(System.getProperty(SWITCH))) {
            return Optional.of(new UnsupportedOperationException("Switched off by -D" + SWITCH + "=off."));
        }
        if (JnaLinux.unavailabilityCause().isPresent()) {
            Throwable cause = JnaLinux.unavailabilityCause().get();
            return Optional.of(new UnsupportedOperationException(cause.getMessage(), cause));
        }
        return causeOf(GlAvailability::load);
    }

    /** What a loader of libraries says about each that is missing. */
    static Optional<Throwable> causeOf(Loader loader) {
        List<GlLibrary> missing = new ArrayList<>();
        List<Throwable> reasons = new ArrayList<>();
        for (GlLibrary library : GlLibrary.values()) {
            try {
                loader.load(library);
            } catch (LinkageError reason) {
                missing.add(library);
                reasons.add(reason);
            }
        }
        if (missing.isEmpty()) {
            return Optional.empty();
        }
        String files = missing.stream().map(GlLibrary::file).collect(Collectors.joining(", "));
        String packages = missing.stream().map(GlLibrary::debian).collect(Collectors.joining(" "));
        UnsupportedOperationException cause = new UnsupportedOperationException(
                files + " cannot be loaded, or " + (missing.size() == 1 ? "is" : "are")
                        + " too old. Install the GL libraries of the system; on Debian: apt install " + packages
                        + " libgl1-mesa-dri.",
                reasons.get(0));
        reasons.stream().skip(1).forEach(cause::addSuppressed);
        return Optional.of(cause);
    }

    /** The file first, because a class that fails to start says only the first time why. */
    private static void load(GlLibrary library) {
        NativeLibrary.getInstance(library.file());
        switch (library) {
            case EGL -> Egl.load();
            case GBM -> Gbm.load();
            case GLES -> Gles.load();
        }
    }

    /** Loads a library. */
    interface Loader {
        /**
         * Loads it.
         *
         * @throws LinkageError when it, or a function that is needed of it, is not there
         */
        void load(GlLibrary library);
    }
}
