package io.vfio4j.cli;

import io.vfio4j.frontend.swing.Scaling;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The value of {@code view --scale}. */
final class ScalingConverter implements ITypeConverter<Scaling> {
    @Override
    public Scaling convert(String text) {
        return switch (text) {
            case "fit" -> Scaling.FIT;
            case "integer" -> Scaling.INTEGER;
            case "1:1" -> Scaling.NONE;
            default -> throw new TypeConversionException("'" + text + "' is no scale; there are fit, integer and 1:1");
        };
    }
}
