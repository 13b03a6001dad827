package io.vfio4j.frontend.rfb;

/** A client said what the protocol does not allow, or what this server does not take from it. The client's fault, so without a stack trace. */
final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1L;

    ProtocolException(String message) {
        super(message, null, false, false);
    }
}
