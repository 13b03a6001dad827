package io.vfio4j.frontend.rfb;

/**
 * A service's counts since it was made.
 *
 * @param accepted how many clients have introduced themselves
 * @param refused how many were refused: too many, a wrong password, no TLS, too slow, not speaking the protocol
 * @param updates how many updates were sent
 * @param bytes how many bytes were sent, before TLS
 * @param droppedPictures how many pictures clients did not get because they were busy with an older one
 */
public record RfbStats(long accepted, long refused, long updates, long bytes, long droppedPictures) {}
