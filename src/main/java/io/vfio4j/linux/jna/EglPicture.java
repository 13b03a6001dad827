package io.vfio4j.linux.jna;

import io.vfio4j.linux.gl.DmaBufImage;
import io.vfio4j.linux.gl.GraphicsException;
import java.nio.ByteBuffer;

/**
 * An imported buffer, as a texture. It is read as it is, through a framebuffer, where the format is plain and the driver lets us; else
 * it is drawn first, on the canvas. The texture is bound anew for each read: that is when GL looks at what others have written.
 */
final class EglPicture {
    private final EglDevice device;
    private final int width;
    private final int height;
    private final int texels;
    private final GlFormat format;

    private int texture;
    private int target;
    private int framebuffer;
    private GlProgram program;

    EglPicture(EglDevice device, DmaBufImage image, GlFormat format) {
        this.device = device;
        this.width = image.width();
        this.height = image.height();
        this.texels = format.texels(width);
        this.format = format;
    }

    void start(long eglImage, Readback readback) throws GraphicsException {
        device.error();
        boolean ordinary = readback != Readback.EXTERNAL && bind(GlesAbi.GL_TEXTURE_2D, eglImage);
        if (!ordinary) {
            if (!device.hasExternalTextures()) {
                throw new GraphicsException("it makes no texture of it");
            }
            if (!bind(GlesAbi.GL_TEXTURE_EXTERNAL_OES, eglImage)) {
                throw new GraphicsException("it makes no texture of it, not even an external one");
            }
        }
        ByteBuffer pixel = ByteBuffer.allocateDirect(4);
        if (ordinary && readback == Readback.BEST && format.isPlain() && device.readsBgra()) {
            startDirect(pixel);
        }
        if (framebuffer == 0) {
            program = device.program(format, !ordinary);
            read(pixel, 1, 1);
        }
    }

    /** Makes the texture; drivers refuse an ordinary one of what only their samplers understand. */
    private boolean bind(int wanted, long eglImage) {
        target = wanted;
        Gles.glGenTextures(1, device.scratchAddress());
        texture = device.scratch().getInt(0);
        Gles.glBindTexture(target, texture);
        device.imageTarget(target, eglImage);
        Gles.glTexParameteri(target, GlesAbi.GL_TEXTURE_MIN_FILTER, GlesAbi.GL_NEAREST);
        Gles.glTexParameteri(target, GlesAbi.GL_TEXTURE_MAG_FILTER, GlesAbi.GL_NEAREST);
        Gles.glTexParameteri(target, GlesAbi.GL_TEXTURE_WRAP_S, GlesAbi.GL_CLAMP_TO_EDGE);
        Gles.glTexParameteri(target, GlesAbi.GL_TEXTURE_WRAP_T, GlesAbi.GL_CLAMP_TO_EDGE);
        if (device.error() == GlesAbi.GL_NO_ERROR) {
            return true;
        }
        deleteTexture();
        return false;
    }

    /** Leaves no framebuffer where the driver has none for it, or reads it in another order only. */
    private void startDirect(ByteBuffer pixel) throws GraphicsException {
        Gles.glGenFramebuffers(1, device.scratchAddress());
        framebuffer = device.scratch().getInt(0);
        Gles.glBindFramebuffer(GlesAbi.GL_FRAMEBUFFER, framebuffer);
        Gles.glFramebufferTexture2D(GlesAbi.GL_FRAMEBUFFER, GlesAbi.GL_COLOR_ATTACHMENT0, target, texture, 0);
        if (Gles.glCheckFramebufferStatus(GlesAbi.GL_FRAMEBUFFER) == GlesAbi.GL_FRAMEBUFFER_COMPLETE) {
            Gles.glReadPixels(0, 0, 1, 1, GlesAbi.GL_BGRA_EXT, GlesAbi.GL_UNSIGNED_BYTE, pixel);
            int error = device.error();
            if (error == GlesAbi.GL_NO_ERROR) {
                return;
            }
            if (error != GlesAbi.GL_INVALID_OPERATION && error != GlesAbi.GL_INVALID_ENUM) {
                throw new GraphicsException("glReadPixels says " + GlNames.glError(error));
            }
        }
        deleteFramebuffer();
    }

    void read(ByteBuffer into) throws GraphicsException {
        read(into, width, height);
    }

    private void read(ByteBuffer into, int columns, int rows) throws GraphicsException {
        Gles.glBindTexture(target, texture);
        if (framebuffer != 0) {
            Gles.glBindFramebuffer(GlesAbi.GL_FRAMEBUFFER, framebuffer);
            Gles.glReadPixels(0, 0, columns, rows, GlesAbi.GL_BGRA_EXT, GlesAbi.GL_UNSIGNED_BYTE, into);
        } else {
            device.canvas().begin(width, height);
            program.draw(texels, width, height);
            device.check("glDrawArrays");
            Gles.glReadPixels(0, 0, columns, rows, GlesAbi.GL_RGBA, GlesAbi.GL_UNSIGNED_BYTE, into);
        }
        device.check("glReadPixels");
    }

    private void deleteTexture() {
        device.scratch().putInt(0, texture);
        Gles.glDeleteTextures(1, device.scratchAddress());
        texture = 0;
    }

    private void deleteFramebuffer() {
        device.scratch().putInt(0, framebuffer);
        Gles.glDeleteFramebuffers(1, device.scratchAddress());
        framebuffer = 0;
    }

    /** The program stays: it is the device's. */
    void close() {
        if (framebuffer != 0) {
            deleteFramebuffer();
        }
        if (texture != 0) {
            deleteTexture();
        }
        device.forget(this);
    }
}
