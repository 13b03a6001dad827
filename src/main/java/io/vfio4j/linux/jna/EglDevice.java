package io.vfio4j.linux.jna;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.gl.DmaBufImage;
import io.vfio4j.linux.gl.GraphicsException;
import io.vfio4j.linux.uapi.Drm;
import io.vfio4j.linux.uapi.DrmFourcc;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Files;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A GPU with a context of OpenGL ES. All of it, and of its pictures, is for the thread that opened it only. */
final class EglDevice {
    /** EGL's own choice of a GPU. */
    private static final String ANY = "EGL's own choice";

    private static final String IMPORT = "EGL_EXT_image_dma_buf_import";
    private static final String MODIFIERS = "EGL_EXT_image_dma_buf_import_modifiers";
    private static final String EXTERNAL = "GL_OES_EGL_image_external";

    private static final int SCRATCH_BYTES = 4096;
    /** What the scratch memory has room for, with their number behind. */
    private static final int MOST_FORMATS = SCRATCH_BYTES / Integer.BYTES - 1;

    private static final int MOST_MODIFIERS = SCRATCH_BYTES / (Long.BYTES + Integer.BYTES) - 1;
    private static final int TRIAL_SIZE = 16;
    /** GL keeps a flag for each kind of error, and there are fewer kinds. */
    private static final int MOST_ERRORS = 16;

    private final String node;
    private final Readback readback;
    private final NativeMemory scratch = Allocations.allocate(SCRATCH_BYTES);
    private final long scratchAddress = JnaLinux.addressOf(scratch);
    private final Set<EglPicture> pictures = new LinkedHashSet<>();
    private final Map<GlFormat, GlProgram> programs = new EnumMap<>(GlFormat.class);
    private final Map<GlFormat, GlProgram> externalPrograms = new EnumMap<>(GlFormat.class);
    private final GlCanvas canvas = new GlCanvas(this);

    private int descriptor = -1;
    private long gbm;
    private long display;
    private long context;
    private boolean isCurrent;
    private Set<String> eglExtensions = Set.of();
    private Set<String> glExtensions = Set.of();
    private String renderer = "";
    private int mostPixels;
    private Function createImage;
    private Function destroyImage;
    private Function imageTarget;

    private EglDevice(String node, Readback readback) {
        this.node = node;
        this.readback = readback;
    }

    /** Opens a DRM node and has it show that it can read back a buffer of its own. */
    static EglDevice open(String node, Readback readback) throws GraphicsException {
        return opened(new EglDevice(node, readback), device -> {
            device.openNode();
            device.startDisplay(EglAbi.EGL_PLATFORM_GBM_KHR, device.gbm);
            device.tryOut();
        });
    }

    /** What EGL chooses, which may have no node. */
    static EglDevice openAny(Readback readback) throws GraphicsException {
        return opened(
                new EglDevice(ANY, readback), device -> device.startDisplay(EglAbi.EGL_PLATFORM_SURFACELESS_MESA, 0));
    }

    private static EglDevice opened(EglDevice device, Start start) throws GraphicsException {
        boolean success = false;
        try {
            start.start(device);
            success = true;
            return device;
        } catch (GraphicsException refusal) {
            throw new GraphicsException(device.node + ": " + refusal.getMessage(), refusal);
        } finally {
            if (!success) {
                device.close();
            }
        }
    }

    private void openNode() throws GraphicsException {
        try (NativeMemory path = Allocations.string(node)) {
            int outcome = Calls.open(JnaLinux.addressOf(path), Files.O_RDWR | Files.O_CLOEXEC);
            if (outcome < 0) {
                throw new GraphicsException(
                        "open: " + Errno.name(-outcome) + " (" + Errno.meaning(-outcome) + ")" + rights(-outcome));
            }
            descriptor = outcome;
        }
        // Mesa takes any file, and draws in software then. Every DRM node knows this request; that we had nothing to
        // drop is no matter.
        if (Calls.ioctl(descriptor, Drm.DRM_IOCTL_DROP_MASTER.number(), 0) == -Errno.ENOTTY) {
            throw new GraphicsException("it is no DRM node (" + Drm.DRM_IOCTL_DROP_MASTER.name() + ": ENOTTY)");
        }
        gbm = Gbm.gbm_create_device(descriptor);
        if (gbm == 0) {
            throw new GraphicsException("gbm_create_device: " + Errno.name(Native.getLastError())
                    + "; is its driver installed (Debian: libgl1-mesa-dri)?");
        }
    }

    private static String rights(int errno) {
        return errno == Errno.EACCES ? "; the groups render and video may, by Debian's rules" : "";
    }

    private void startDisplay(int platform, long nativeDisplay) throws GraphicsException {
        String known = textAt(Egl.eglQueryString(0, EglAbi.EGL_EXTENSIONS));
        requirePlatform(platform, words(known));
        long found = lookUp("eglGetPlatformDisplayEXT").invokeLong(new Object[] {platform, nativeDisplay, 0L});
        if (found == 0) {
            throw eglFailure("eglGetPlatformDisplayEXT");
        }
        if (Egl.eglInitialize(found, 0, 0) == 0) {
            throw new GraphicsException(
                    eglFailure("eglInitialize").getMessage() + "; is its driver installed (Debian: libgl1-mesa-dri)?");
        }
        display = found;
        eglExtensions = words(textAt(Egl.eglQueryString(display, EglAbi.EGL_EXTENSIONS)));
        require(eglExtensions, "EGL_KHR_surfaceless_context");
        startContext();
        glExtensions = words(textAt(Gles.glGetString(GlesAbi.GL_EXTENSIONS)));
        renderer = textAt(Gles.glGetString(GlesAbi.GL_RENDERER));
        require(eglExtensions, IMPORT);
        require(eglExtensions, "EGL_KHR_image_base");
        require(glExtensions, "GL_OES_EGL_image");
        createImage = lookUp("eglCreateImageKHR");
        destroyImage = lookUp("eglDestroyImageKHR");
        imageTarget = lookUp("glEGLImageTargetTexture2DOES");
        Gles.glDisable(GlesAbi.GL_DITHER);
        mostPixels = Math.min(integer(GlesAbi.GL_MAX_TEXTURE_SIZE), integer(GlesAbi.GL_MAX_RENDERBUFFER_SIZE));
        check("glGetIntegerv");
    }

    private static void requirePlatform(int platform, Set<String> known) throws GraphicsException {
        List<String> names = platform == EglAbi.EGL_PLATFORM_GBM_KHR
                ? List.of("EGL_KHR_platform_gbm", "EGL_MESA_platform_gbm")
                : List.of("EGL_MESA_platform_surfaceless");
        if (names.stream().noneMatch(known::contains)) {
            throw new GraphicsException(
                    "EGL has no " + names.get(0) + "; is a driver for EGL installed (Debian: " + "libegl-mesa0)?");
        }
    }

    private void require(Set<String> extensions, String extension) throws GraphicsException {
        if (!extensions.contains(extension)) {
            String who = renderer.isEmpty() ? "its driver" : renderer;
            throw new GraphicsException(who + " has no " + extension);
        }
    }

    /** Version 3 knows more formats than version 2, which serves as well. */
    private void startContext() throws GraphicsException {
        if (Egl.eglBindAPI(EglAbi.EGL_OPENGL_ES_API) == 0) {
            throw eglFailure("eglBindAPI");
        }
        if (!eglExtensions.contains("EGL_KHR_no_config_context")) {
            require(eglExtensions, "EGL_MESA_configless_context");
        }
        for (int version = 3; context == 0 && version >= 2; version--) {
            scratch.putInt(0, EglAbi.EGL_CONTEXT_CLIENT_VERSION);
            scratch.putInt(4, version);
            scratch.putInt(8, EglAbi.EGL_NONE);
            context = Egl.eglCreateContext(display, 0, 0, scratchAddress);
        }
        if (context == 0) {
            throw eglFailure("eglCreateContext");
        }
        if (Egl.eglMakeCurrent(display, 0, 0, context) == 0) {
            throw eglFailure("eglMakeCurrent");
        }
        isCurrent = true;
    }

    /** Drivers in software have nodes that import anything, and then cannot read it. So a buffer of its own goes first. */
    private void tryOut() throws GraphicsException {
        int format = DrmFourcc.DRM_FORMAT_XRGB8888;
        long buffer = Gbm.gbm_bo_create(gbm, TRIAL_SIZE, TRIAL_SIZE, format, GbmAbi.GBM_BO_USE_RENDERING);
        if (buffer == 0) {
            throw new GraphicsException(
                    renderer + " makes no buffer here (gbm_bo_create: " + Errno.name(Native.getLastError()) + ")");
        }
        try {
            int number = Gbm.gbm_bo_get_fd(buffer);
            if (number < 0) {
                throw new GraphicsException(renderer + " exports no buffer here (gbm_bo_get_fd)");
            }
            try {
                importImage(new DmaBufImage(
                                number,
                                TRIAL_SIZE,
                                TRIAL_SIZE,
                                format,
                                Gbm.gbm_bo_get_modifier(buffer),
                                0,
                                Gbm.gbm_bo_get_stride(buffer)))
                        .close();
            } finally {
                Calls.close(number);
            }
        } finally {
            Gbm.gbm_bo_destroy(buffer);
        }
    }

    String node() {
        return node;
    }

    /** Set once, before any other thread sees it. */
    String name() {
        return renderer + " on " + node;
    }

    /** Imports it, and reads one pixel, because not all that is imported can be read. */
    EglPicture importImage(DmaBufImage image) throws GraphicsException {
        GlFormat format = GlFormat.of(image.format())
                .orElseThrow(() -> new GraphicsException("how to read " + GlNames.image(image) + " is not known"));
        requireSane(image, format);
        long eglImage = createImage(image, format);
        EglPicture picture;
        try {
            picture = new EglPicture(this, image, format);
            pictures.add(picture);
            boolean success = false;
            try {
                picture.start(eglImage, readback);
                success = true;
            } catch (GraphicsException refusal) {
                throw new GraphicsException(
                        name() + " cannot read " + GlNames.image(image) + ": " + refusal.getMessage() + inSoftware(),
                        refusal);
            } finally {
                if (!success) {
                    picture.close();
                }
            }
        } finally {
            // The texture goes on without it.
            destroyImage.invokeInt(new Object[] {display, eglImage});
        }
        return picture;
    }

    /** Mesa's drivers without a GPU import everything, and have no way to the memory of others. */
    private String inSoftware() {
        return renderer.startsWith("llvmpipe") || renderer.startsWith("softpipe")
                ? "; it draws in software, and reads buffers of its own card only"
                : "";
    }

    /** Drivers in software trust these numbers, and would read beyond the buffer: the end of the process. */
    private void requireSane(DmaBufImage image, GlFormat format) throws GraphicsException {
        if (image.width() > mostPixels || image.height() > mostPixels) {
            throw new GraphicsException(
                    name() + " takes no " + GlNames.image(image) + ": its limit is " + mostPixels + "x" + mostPixels);
        }
        long lineBytes = format.lineBytes(image.width());
        if (image.strideBytes() < lineBytes) {
            throw new GraphicsException(GlNames.image(image) + " has lines of " + lineBytes + " bytes, and a stride of "
                    + image.strideBytes());
        }
        long end = image.offsetBytes() + (image.height() - 1L) * image.strideBytes() + lineBytes;
        long size = Calls.lseek(image.descriptor(), 0, Files.SEEK_END);
        if (size < 0) {
            throw new GraphicsException(
                    "descriptor " + image.descriptor() + " is no dma-buf (lseek: " + Errno.name((int) -size) + ")");
        }
        if (size < end) {
            throw new GraphicsException(
                    GlNames.image(image) + " ends at byte " + end + ", its dma-buf at byte " + size);
        }
    }

    private long createImage(DmaBufImage image, GlFormat format) throws GraphicsException {
        int end = put(0, EglAbi.EGL_WIDTH, format.texels(image.width()));
        end = put(end, EglAbi.EGL_HEIGHT, image.height());
        end = put(end, EglAbi.EGL_LINUX_DRM_FOURCC_EXT, format.importedAs());
        end = put(end, EglAbi.EGL_DMA_BUF_PLANE0_FD_EXT, image.descriptor());
        end = put(end, EglAbi.EGL_DMA_BUF_PLANE0_OFFSET_EXT, image.offsetBytes());
        end = put(end, EglAbi.EGL_DMA_BUF_PLANE0_PITCH_EXT, image.strideBytes());
        long modifier = image.modifier();
        if (eglExtensions.contains(MODIFIERS)) {
            if (modifier != DrmFourcc.DRM_FORMAT_MOD_INVALID) {
                end = put(end, EglAbi.EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT, (int) modifier);
                end = put(end, EglAbi.EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT, (int) (modifier >>> Integer.SIZE));
            }
        } else if (modifier != DrmFourcc.DRM_FORMAT_MOD_INVALID && modifier != DrmFourcc.DRM_FORMAT_MOD_LINEAR) {
            throw new GraphicsException(
                    name() + " takes no " + GlNames.image(image) + ": it has no " + MODIFIERS + ", only LINEAR");
        }
        scratch.putInt(end, EglAbi.EGL_NONE);
        long created =
                createImage.invokeLong(new Object[] {display, 0L, EglAbi.EGL_LINUX_DMA_BUF_EXT, 0L, scratchAddress});
        if (created == 0) {
            String reason = eglFailure("eglCreateImageKHR").getMessage();
            throw new GraphicsException(
                    name() + " takes no " + GlNames.image(image) + ": " + reason + whatItTakes(format));
        }
        return created;
    }

    private int put(int offset, int name, int value) {
        scratch.putInt(offset, name);
        scratch.putInt(offset + 4, value);
        return offset + 8;
    }

    /** What the driver says that it takes; nothing where it does not say. */
    private String whatItTakes(GlFormat format) {
        if (!eglExtensions.contains(MODIFIERS)) {
            return "";
        }
        List<Integer> formats = formats();
        if (!formats.isEmpty() && !formats.contains(format.importedAs())) {
            return "; it does not know the format "
                    + GlNames.format(format.importedAs()) + ", but "
                    + String.join(", ", formats.stream().map(GlNames::format).toList());
        }
        List<Long> modifiers = modifiers(format.importedAs());
        return modifiers.isEmpty()
                ? ""
                : "; it takes this format with the modifiers "
                        + String.join(
                                ", ", modifiers.stream().map(GlNames::modifier).toList());
    }

    private List<Integer> formats() {
        List<Integer> formats = new ArrayList<>();
        int count = MOST_FORMATS * Integer.BYTES;
        scratch.putInt(count, 0);
        lookUp("eglQueryDmaBufFormatsEXT")
                .invokeInt(new Object[] {display, MOST_FORMATS, scratchAddress, scratchAddress + count});
        for (int i = 0; i < Math.min(scratch.getInt(count), MOST_FORMATS); i++) {
            formats.add(scratch.getInt(i * Integer.BYTES));
        }
        return formats;
    }

    private List<Long> modifiers(int format) {
        List<Long> modifiers = new ArrayList<>();
        int external = MOST_MODIFIERS * Long.BYTES;
        int count = external + MOST_MODIFIERS * Integer.BYTES;
        scratch.putInt(count, 0);
        lookUp("eglQueryDmaBufModifiersEXT").invokeInt(new Object[] {
            display, format, MOST_MODIFIERS, scratchAddress, scratchAddress + external, scratchAddress + count
        });
        for (int i = 0; i < Math.min(scratch.getInt(count), MOST_MODIFIERS); i++) {
            modifiers.add(scratch.getLong(i * Long.BYTES));
        }
        return modifiers;
    }

    /** Has the texture that is bound there refer to an image of EGL. */
    void imageTarget(int target, long image) {
        imageTarget.invokeVoid(new Object[] {target, image});
    }

    boolean hasExternalTextures() {
        return glExtensions.contains(EXTERNAL);
    }

    boolean readsBgra() {
        return glExtensions.contains("GL_EXT_read_format_bgra");
    }

    GlCanvas canvas() {
        return canvas;
    }

    GlProgram program(GlFormat format, boolean external) throws GraphicsException {
        Map<GlFormat, GlProgram> known = external ? externalPrograms : programs;
        GlProgram program = known.get(format);
        if (program == null) {
            program = GlProgram.of(this, format.fragmentShader(external));
            known.put(format, program);
        }
        return program;
    }

    NativeMemory scratch() {
        return scratch;
    }

    long scratchAddress() {
        return scratchAddress;
    }

    void forget(EglPicture closed) {
        pictures.remove(closed);
    }

    /** GL's errors wait until somebody asks for them. */
    int error() {
        int first = Gles.glGetError();
        int next = first;
        for (int i = 0; next != GlesAbi.GL_NO_ERROR && i < MOST_ERRORS; i++) {
            next = Gles.glGetError();
        }
        return first;
    }

    void check(String operation) throws GraphicsException {
        int error = error();
        if (error != GlesAbi.GL_NO_ERROR) {
            throw new GraphicsException(operation + " says " + GlNames.glError(error));
        }
    }

    private static GraphicsException eglFailure(String operation) {
        return new GraphicsException(operation + " says " + GlNames.eglError(Egl.eglGetError()));
    }

    private int integer(int parameter) {
        Gles.glGetIntegerv(parameter, scratchAddress);
        return scratch.getInt(0);
    }

    /** Only of what an extension that is there brings: for others it may return something, too. */
    private static Function lookUp(String name) {
        try (NativeMemory text = Allocations.string(name)) {
            return Function.getFunction(new Pointer(Egl.eglGetProcAddress(JnaLinux.addressOf(text))));
        }
    }

    private static Set<String> words(String text) {
        return Set.copyOf(List.of(text.split(" +")));
    }

    private static String textAt(long address) {
        return address == 0 ? "" : new Pointer(address).getString(0, "UTF-8");
    }

    /** Undoes what was done, in the order that EGL wants: what hangs on the node before the node. */
    void close() {
        for (EglPicture picture : List.copyOf(pictures)) {
            picture.close();
        }
        if (isCurrent) {
            canvas.close();
            programs.values().forEach(GlProgram::close);
            externalPrograms.values().forEach(GlProgram::close);
            Egl.eglMakeCurrent(display, 0, 0, 0);
        }
        if (context != 0) {
            Egl.eglDestroyContext(display, context);
        }
        // EGL's own choice is one display for the whole process, which others may be using.
        if (display != 0 && gbm != 0) {
            Egl.eglTerminate(display);
        }
        Egl.eglReleaseThread();
        if (gbm != 0) {
            Gbm.gbm_device_destroy(gbm);
        }
        if (descriptor >= 0) {
            Calls.close(descriptor);
        }
        scratch.close();
    }

    /** Opens what a device consists of. */
    private interface Start {
        void start(EglDevice device) throws GraphicsException;
    }
}
