package io.vfio4j.build;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The floors of the house: a package uses only what stands below it. */
@AnalyzeClasses(packages = "io.vfio4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule onlyLinuxJnaKnowsJna = noClasses()
            .that()
            .resideOutsideOfPackage("io.vfio4j.linux.jna..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.sun.jna..");

    @ArchTest
    static final ArchRule onlyTheServersKnowNetty = noClasses()
            .that()
            .resideOutsideOfPackages("io.vfio4j.frontend.rfb..", "io.vfio4j.frontend.web..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.netty..");

    @ArchTest
    static final ArchRule onlyLinuxJnaLoadsLibraries = noClasses()
            .that()
            .resideOutsideOfPackage("io.vfio4j.linux.jna..")
            .should()
            .callMethod(System.class, "load", String.class)
            .orShould()
            .callMethod(System.class, "loadLibrary", String.class);

    @ArchTest
    static final ArchRule onlyFrontendSwingAndTheCommandLineKnowSwing = noClasses()
            .that()
            .resideOutsideOfPackages("io.vfio4j.frontend.swing..", "io.vfio4j.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("javax.swing..");

    /** Whoever wants no pictures on a desktop need not have java.desktop; where JPEG and PNG are made it is optional. */
    @ArchTest
    static final ArchRule onlyWhoShowsOrWritesPicturesKnowsAwt = noClasses()
            .that()
            .resideOutsideOfPackages("io.vfio4j.frontend.swing..", "io.vfio4j.cli..")
            .and()
            .haveNameNotMatching("io\\.vfio4j\\.frontend\\.(rfb\\.JpegCompressor|web\\.Snapshot)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.awt..", "javax.imageio..");

    @ArchTest
    static final ArchRule onlyMetricsKnowMicrometer = noClasses()
            .that()
            .resideOutsideOfPackages("io.vfio4j.frontend.metrics..", "io.vfio4j.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.micrometer..");

    @ArchTest
    static final ArchRule floors = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .withOptionalLayers(true)
            .layer("cli")
            .definedBy("io.vfio4j.cli..")
            .layer("frontend")
            .definedBy("io.vfio4j.frontend..")
            .layer("display")
            .definedBy("io.vfio4j.display..", "io.vfio4j.doctor..")
            .layer("vfio")
            .definedBy("io.vfio4j.vfio..", "io.vfio4j.mdev..", "io.vfio4j.kvm..", "io.vfio4j.handover..")
            .layer("loop")
            .definedBy("io.vfio4j.loop..")
            .layer("proc")
            .definedBy("io.vfio4j.proc..")
            .layer("recording")
            .definedBy("io.vfio4j.recording..")
            .layer("linux")
            .definedBy("io.vfio4j.linux", "io.vfio4j.linux.gl..", "io.vfio4j.linux.uapi..")
            .layer("jna")
            .definedBy("io.vfio4j.linux.jna..")
            .layer("emulator")
            .definedBy("io.vfio4j.emulator..")
            .whereLayer("cli")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("frontend")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("display")
            .mayOnlyBeAccessedByLayers("frontend", "cli")
            .whereLayer("vfio")
            .mayOnlyBeAccessedByLayers("display", "frontend", "cli")
            .whereLayer("loop")
            .mayOnlyBeAccessedByLayers("vfio", "display", "frontend", "cli")
            .whereLayer("proc")
            .mayOnlyBeAccessedByLayers("vfio", "display", "cli")
            .whereLayer("recording")
            .mayOnlyBeAccessedByLayers("display", "frontend")
            .whereLayer("jna")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("emulator")
            .mayOnlyBeAccessedByLayers("cli");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("io.vfio4j.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule theEmulatorNeedsNothingButJava = classes()
            .that()
            .resideInAPackage("io.vfio4j.emulator")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(
                    "java..", "io.vfio4j.emulator..", "io.vfio4j.linux", "io.vfio4j.linux.gl", "io.vfio4j.linux.uapi")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule namesSayWhatAClassIs = noClasses()
            .should()
            .haveSimpleNameEndingWith("Manager")
            .orShould()
            .haveSimpleNameEndingWith("Helper")
            .orShould()
            .haveSimpleNameEndingWith("Util")
            .orShould()
            .haveSimpleNameEndingWith("Utils");

    @ArchTest
    static final ArchRule stateIsNotStatic = com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields()
            .that()
            .areStatic()
            .should()
            .haveModifier(JavaModifier.FINAL);

    @ArchTest
    static final ArchRule classesAreNotLeftOpen = classes()
            .that()
            .arePublic()
            .and()
            .areNotInterfaces()
            .and()
            .areNotEnums()
            .and()
            .areNotAnnotations()
            .should()
            .haveModifier(JavaModifier.FINAL)
            .orShould()
            .haveModifier(JavaModifier.ABSTRACT);
}
