package io.vfio4j.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A FILE argument: a name that a file can have; {@code -} is one too. */
final class FileNameConverter implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
        if (text.isEmpty()) {
            throw new TypeConversionException("a file's name is empty");
        }
        if (text.indexOf('\0') >= 0) {
            throw new TypeConversionException(Words.quoted(text) + " has a NUL character, as no file's name does");
        }
        try {
            Path.of(text);
        } catch (InvalidPathException e) {
            throw new TypeConversionException(Words.quoted(text)
                    + " has characters that the locale's encoding " + System.getProperty("sun.jnu.encoding")
                    + " lacks; run the command with LC_ALL=C.UTF-8");
        }
        return text;
    }
}
