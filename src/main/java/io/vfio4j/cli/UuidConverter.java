package io.vfio4j.cli;

import io.vfio4j.mdev.MdevDevice;
import java.util.UUID;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A UUID argument. */
final class UuidConverter implements ITypeConverter<UUID> {
    @Override
    public UUID convert(String text) {
        if (!MdevDevice.isUuid(text)) {
            throw new TypeConversionException(
                    Words.quoted(text) + " is not a UUID; write it as 8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11");
        }
        return UUID.fromString(text);
    }
}
