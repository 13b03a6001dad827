package io.vfio4j.cli;

import io.vfio4j.mdev.MdevParent;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A PARENT or TYPE argument. */
final class SysfsNameConverter implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
        if (!MdevParent.isName(text)) {
            throw new TypeConversionException(
                    Words.quoted(text) + " is no such name; 'vfio4j mdev types' shows those that there are");
        }
        return text;
    }
}
