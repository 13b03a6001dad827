package io.vfio4j.frontend.rfb;

import java.net.SocketAddress;

/**
 * One client.
 *
 * @param address where it is
 * @param encoding by what it gets its pictures, for example {@code ZRLE}
 * @param updates how many updates it got
 * @param bytes how many bytes it got
 * @param droppedPictures how many pictures it did not get because it was busy with an older one
 */
public record RfbClientStats(SocketAddress address, String encoding, long updates, long bytes, long droppedPictures) {}
