package io.vfio4j.cli;

import io.vfio4j.vfio.AttachPath;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** The value of {@code --path}. */
final class AttachPathConverter implements ITypeConverter<AttachPath> {
    /** For the help. */
    static final String DESCRIPTION = "The only way in to try: the device's group (/dev/vfio/N), or its own node"
            + " (/dev/vfio/devices/vfioN with /dev/iommu). By default the node where there is one that may be used.";

    /** A device that somebody else has opened is not opened again. */
    static void requireOpening(CommandLine command, DeviceName device, Optional<AttachPath> path) {
        boolean opened = device instanceof DeviceName.Mdev || device instanceof DeviceName.Emulated;
        if (path.isPresent() && !opened) {
            throw new ParameterException(
                    command, "--path is for devices that are opened here; " + device.text() + " is open already");
        }
    }

    @Override
    public AttachPath convert(String text) {
        return Arrays.stream(AttachPath.values())
                .filter(path -> path.label().equals(text))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("'" + text + "' is no path; there are "
                        + Arrays.stream(AttachPath.values())
                                .map(AttachPath::label)
                                .collect(Collectors.joining(" and "))));
    }
}
