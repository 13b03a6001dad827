package io.vfio4j.linux.gl;

import java.io.IOException;

/** A GPU, or its driver, refused. */
public final class GraphicsException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * A refusal.
     *
     * @param message what was asked for and what was said, for people
     */
    public GraphicsException(String message) {
        super(message);
    }

    /**
     * A refusal with a cause.
     *
     * @param message what was asked for and what was said, for people
     * @param cause why
     */
    public GraphicsException(String message, Throwable cause) {
        super(message, cause);
    }
}
