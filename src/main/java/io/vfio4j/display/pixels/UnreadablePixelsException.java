package io.vfio4j.display.pixels;

import java.io.IOException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Collectors;

/** There is a picture, but no way to its pixels. The message names each way that was tried, with its reason. */
public final class UnreadablePixelsException extends IOException {
    private static final long serialVersionUID = 1;

    private final String device;
    private final transient Map<CapturePath, String> reasons;

    UnreadablePixelsException(String device, Map<CapturePath, String> reasons) {
        super("the pixels of " + device + " cannot be read: "
                + reasons.entrySet().stream()
                        .map(each -> each.getKey() + ": " + each.getValue())
                        .collect(Collectors.joining("; ")));
        this.device = device;
        this.reasons = Collections.unmodifiableMap(new EnumMap<>(reasons));
    }

    /**
     * Why each way leads nowhere.
     *
     * @return the ways that were tried, at least one
     */
    public Map<CapturePath, String> reasons() {
        return reasons;
    }

    UnreadablePixelsException and(UnreadablePixelsException other) {
        Map<CapturePath, String> both = new EnumMap<>(reasons);
        other.reasons.forEach(both::putIfAbsent);
        return new UnreadablePixelsException(device, both);
    }
}
