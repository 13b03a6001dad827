package io.vfio4j.frontend.rfb;

/** A part of what is talked about with a client. On the network thread. */
interface Conversation {
    /** What the client may say now. */
    MessageReader.Expected expected();

    /** The client has said it. */
    void receive(ClientMessage message) throws ProtocolException;

    /** The connection is closed. Further calls do nothing. */
    void close();
}
