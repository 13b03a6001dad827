package io.vfio4j.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A DEVICE argument. */
final class DeviceNameConverter implements ITypeConverter<DeviceName> {
    @Override
    public DeviceName convert(String text) {
        try {
            return DeviceName.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
