package io.vfio4j.frontend.rfb;

import java.util.List;

/** What encodings are called. */
final class PictureNames {
    private PictureNames() {}

    /** The name of the first in a client's list that pictures come by. */
    static String of(List<Integer> encodings) {
        for (int encoding : encodings) {
            switch (encoding) {
                case 0:
                    return "Raw";
                case 2:
                    return "RRE";
                case 5:
                    return "Hextile";
                case 6:
                    return "Zlib";
                case 7:
                    return "Tight";
                case 16:
                    return "ZRLE";
                default:
                    break;
            }
        }
        return "Raw";
    }
}
