package io.vfio4j.emulator.study;

/**
 * Student's t distribution: the quantiles of 97.5 %, of which a two-sided interval of 95 % is made.
 *
 * <p>Up to 30 degrees of freedom from a table (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2); beyond that by the expansion 26.7.5 of
 * Abramowitz and Stegun, Handbook of Mathematical Functions, whose error is below 0.00001 there.
 */
final class StudentT {
    private static final double[] TABLE = {
        12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, //
        2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, //
        2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423
    };
    /** Of the normal distribution, 97.5 %. */
    private static final double NORMAL = 1.959963984540054;

    private StudentT() {}

    static double twoSided95(int degreesOfFreedom) {
        if (degreesOfFreedom < 1) {
            throw new IllegalArgumentException("degreesOfFreedom " + degreesOfFreedom + " is not positive");
        }
        return degreesOfFreedom <= TABLE.length ? TABLE[degreesOfFreedom - 1] : expansion(degreesOfFreedom);
    }

    private static double expansion(double v) {
        double x = NORMAL;
        double x3 = x * x * x;
        double x5 = x3 * x * x;
        double x7 = x5 * x * x;
        return x
                + (x3 + x) / (4 * v)
                + (5 * x5 + 16 * x3 + 3 * x) / (96 * v * v)
                + (3 * x7 + 19 * x5 + 17 * x3 - 15 * x) / (384 * v * v * v);
    }
}
