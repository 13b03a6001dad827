package io.vfio4j.linux.jna;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.nio.ByteBuffer;

/**
 * {@code libGLESv2.so.2}, direct-mapped as {@link LibC}: what OpenGL ES 2.0 has. To be called on the thread of a context only.
 */
final class Gles {
    static {
        Native.register(Gles.class, NativeLibrary.getInstance(GlLibrary.GLES.file()));
    }

    private Gles() {}

    /** Has the class start, and so all symbols looked up. */
    static void load() {}

    static native int glGetError();

    static native long glGetString(int name);

    static native void glGetIntegerv(int name, long values);

    static native void glDisable(int capability);

    static native void glFinish();

    static native void glGenTextures(int count, long names);

    static native void glDeleteTextures(int count, long names);

    static native void glBindTexture(int target, int texture);

    static native void glTexParameteri(int target, int name, int value);

    static native void glGenFramebuffers(int count, long names);

    static native void glDeleteFramebuffers(int count, long names);

    static native void glBindFramebuffer(int target, int framebuffer);

    static native void glFramebufferTexture2D(int target, int attachment, int textureTarget, int texture, int level);

    static native int glCheckFramebufferStatus(int target);

    static native void glGenRenderbuffers(int count, long names);

    static native void glDeleteRenderbuffers(int count, long names);

    static native void glBindRenderbuffer(int target, int renderbuffer);

    static native void glRenderbufferStorage(int target, int format, int width, int height);

    static native void glFramebufferRenderbuffer(int target, int attachment, int renderbufferTarget, int renderbuffer);

    static native int glCreateShader(int type);

    static native void glShaderSource(int shader, int count, long strings, long lengths);

    static native void glCompileShader(int shader);

    static native void glDeleteShader(int shader);

    static native int glCreateProgram();

    static native void glAttachShader(int program, int shader);

    static native void glBindAttribLocation(int program, int index, long name);

    static native void glLinkProgram(int program);

    static native void glGetProgramiv(int program, int name, long values);

    static native void glGetProgramInfoLog(int program, int room, long length, long log);

    static native void glDeleteProgram(int program);

    static native void glUseProgram(int program);

    static native int glGetUniformLocation(int program, long name);

    static native void glUniform2f(int location, float first, float second);

    static native void glGenBuffers(int count, long names);

    static native void glDeleteBuffers(int count, long names);

    static native void glBindBuffer(int target, int buffer);

    static native void glBufferData(int target, long size, long data, int usage);

    static native void glEnableVertexAttribArray(int index);

    static native void glVertexAttribPointer(int index, int size, int type, byte normalized, int stride, long offset);

    static native void glViewport(int x, int y, int width, int height);

    static native void glDrawArrays(int mode, int first, int count);

    static native void glReadPixels(int x, int y, int width, int height, int format, int type, ByteBuffer direct);
}
