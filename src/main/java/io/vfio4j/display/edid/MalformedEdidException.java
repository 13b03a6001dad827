package io.vfio4j.display.edid;

import java.io.IOException;
import java.util.List;

/** Bytes that are no EDID, or a faulty one. */
public final class MalformedEdidException extends IOException {
    private static final long serialVersionUID = 1L;

    private final List<String> problems;

    MalformedEdidException(List<String> problems) {
        super("malformed EDID: " + String.join("; ", problems));
        this.problems = List.copyOf(problems);
    }

    /**
     * What is wrong.
     *
     * @return at least one phrase
     */
    public List<String> problems() {
        return problems;
    }
}
