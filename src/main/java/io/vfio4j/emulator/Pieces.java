package io.vfio4j.emulator;

/** How drivers cut a read or write of a region: into aligned pieces of 4, 2 and 1 bytes. */
final class Pieces {
    private Pieces() {}

    /** How long the next piece is. */
    static int next(long position, int left) {
        for (int piece = 4; piece > 1; piece /= 2) {
            if (left >= piece && position % piece == 0) {
                return piece;
            }
        }
        return 1;
    }
}
