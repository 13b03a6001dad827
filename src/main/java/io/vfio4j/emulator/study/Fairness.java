package io.vfio4j.emulator.study;

import java.util.Arrays;

/** How evenly something is shared. */
final class Fairness {
    private Fairness() {}

    /** The index of Jain, Chiu and Hawe (DEC-TR-301, 1984): the square of the sum over n times the sum of the squares. */
    static double jain(double... shares) {
        double sum = Arrays.stream(shares).sum();
        double squares = Arrays.stream(shares).map(share -> share * share).sum();
        return squares == 0 ? 1 : sum * sum / (shares.length * squares);
    }
}
