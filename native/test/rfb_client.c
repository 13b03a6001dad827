/*
 * A VNC client that others wrote (libvncclient, of LibVNCServer), for tests of the server: connects, asks for the encodings that it is
 * told, takes updates, and writes down the picture that it has then. It is built for tests only, and never shipped.
 *
 *   rfb_client HOST PORT [--encodings "zrle copyrect"] [--bits 8|16|32] [--compress 0..9] [--quality 0..9] [--cursor]
 *              [--password WORD] [--updates N] [--quiet MILLISECONDS] [--picture FILE] [--shape FILE]
 *
 * It ends after N updates, or, where --quiet is given, when nothing has come for so long. --picture gets the pixels as the client holds
 * them (red is in the lowest bits, then green and blue: 8 bits are 3, 3 and 2, 16 bits 5 each, 32 bits 8 each), --shape the cursor's,
 * then a byte of mask for each. The last line of the output tells what came:
 *   width=640 height=480 bytes_per_pixel=4 updates=3 rectangles=7 bitmaps=5 fills=1 copies=1 cursors=0 ... received=12345
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <rfb/rfbclient.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define USEC_PER_MSEC 1000
#define PATIENCE_USEC (30 * 1000 * 1000)

static struct {
    long updates;
    long rectangles;
    long bitmaps;
    long fills;
    long copies;
    long cursors;
    int cursor_width;
    int cursor_height;
    int cursor_hot_x;
    int cursor_hot_y;
} seen;

static const char *password;

static GotBitmapProc put_bitmap;
static GotFillRectProc put_fill;
static GotCopyRectProc put_copy;

static void fail(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    fputs("rfb_client: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(1);
}

static void on_rectangle(rfbClient *client, int x, int y, int width, int height)
{
    (void)client;
    (void)x;
    (void)y;
    (void)width;
    (void)height;
    seen.rectangles++;
}

static void on_update(rfbClient *client)
{
    (void)client;
    seen.updates++;
}

static void on_bitmap(rfbClient *client, const uint8_t *buffer, int x, int y, int width, int height)
{
    seen.bitmaps++;
    put_bitmap(client, buffer, x, y, width, height);
}

static void on_fill(rfbClient *client, int x, int y, int width, int height, uint32_t colour)
{
    seen.fills++;
    put_fill(client, x, y, width, height, colour);
}

static void on_copy(rfbClient *client, int from_x, int from_y, int width, int height, int x, int y)
{
    seen.copies++;
    put_copy(client, from_x, from_y, width, height, x, y);
}

static void on_cursor(rfbClient *client, int hot_x, int hot_y, int width, int height, int bytes_per_pixel)
{
    (void)client;
    (void)bytes_per_pixel;
    seen.cursors++;
    seen.cursor_width = width;
    seen.cursor_height = height;
    seen.cursor_hot_x = hot_x;
    seen.cursor_hot_y = hot_y;
}

static char *on_password(rfbClient *client)
{
    (void)client;
    return password ? strdup(password) : NULL;
}

static void put(FILE *file, const char *name, const void *bytes, size_t count)
{
    if (count > 0 && fwrite(bytes, count, 1, file) != 1)
        fail("%s: %s", name, strerror(errno));
}

static FILE *create(const char *name)
{
    FILE *file = fopen(name, "wb");

    if (!file)
        fail("%s: %s", name, strerror(errno));
    return file;
}

static void finish(FILE *file, const char *name)
{
    if (fclose(file) != 0)
        fail("%s: %s", name, strerror(errno));
}

static void write_picture(const rfbClient *client, const char *name)
{
    size_t size = (size_t)client->width * client->height * (client->format.bitsPerPixel / 8);
    FILE *file = create(name);

    put(file, name, client->frameBuffer, size);
    finish(file, name);
}

static void write_shape(const rfbClient *client, const char *name)
{
    size_t count = (size_t)seen.cursor_width * seen.cursor_height;
    FILE *file = create(name);

    if (seen.cursors > 0 && count > 0) {
        put(file, name, client->rcSource, count * (client->format.bitsPerPixel / 8));
        put(file, name, client->rcMask, count);
    }
    finish(file, name);
}

static unsigned long long received(const rfbClient *client)
{
    struct tcp_info info = { 0 };
    socklen_t length = sizeof(info);

    if (getsockopt(client->sock, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        fail("TCP_INFO: %s", strerror(errno));
    return info.tcpi_bytes_received;
}

static long number(const char *option, const char *text, long least, long most)
{
    char *end;
    long value;

    if (!text)
        fail("%s needs a number", option);
    errno = 0;
    value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most)
        fail("%s takes %ld to %ld, not %s", option, least, most, text);
    return value;
}

/* What libvncclient has as the format of so many bits. */
static rfbClient *create_client(long bits)
{
    switch (bits) {
    case 8:
        return rfbGetClient(2, 3, 1);
    case 16:
        return rfbGetClient(5, 3, 2);
    default:
        return rfbGetClient(8, 3, 4);
    }
}

static void take_updates(rfbClient *client, long updates, long quiet)
{
    while (updates == 0 || seen.updates < updates) {
        unsigned int patience = quiet && seen.updates > 0 ? quiet * USEC_PER_MSEC : PATIENCE_USEC;
        int ready = WaitForMessage(client, patience);

        if (ready < 0)
            fail("the connection failed after %ld updates", seen.updates);
        if (ready == 0 && quiet && seen.updates > 0)
            return;
        if (ready == 0)
            fail("nothing came for %u ms, after %ld updates", patience / USEC_PER_MSEC, seen.updates);
        if (!HandleRFBServerMessage(client))
            fail("the server said what libvncclient does not understand, or left, after %ld updates", seen.updates);
    }
}

int main(int argc, char **argv)
{
    const char *encodings = "raw";
    const char *picture = NULL;
    const char *shape = NULL;
    long bits = 32;
    long compress = -1;
    long quality = -1;
    long updates = 0;
    long quiet = 0;
    int cursor = 0;
    rfbClient *client;

    if (argc < 3)
        fail("usage: rfb_client HOST PORT [OPTION]...");
    for (int i = 3; i < argc; i++) {
        const char *option = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(option, "--cursor") == 0) {
            cursor = 1;
            continue;
        }
        if (!value)
            fail("%s needs a value, or is unknown", option);
        if (strcmp(option, "--encodings") == 0)
            encodings = value;
        else if (strcmp(option, "--bits") == 0)
            bits = number(option, value, 8, 32);
        else if (strcmp(option, "--compress") == 0)
            compress = number(option, value, 0, 9);
        else if (strcmp(option, "--quality") == 0)
            quality = number(option, value, 0, 9);
        else if (strcmp(option, "--password") == 0)
            password = value;
        else if (strcmp(option, "--updates") == 0)
            updates = number(option, value, 1, 1000000);
        else if (strcmp(option, "--quiet") == 0)
            quiet = number(option, value, 1, 60000);
        else if (strcmp(option, "--picture") == 0)
            picture = value;
        else if (strcmp(option, "--shape") == 0)
            shape = value;
        else
            fail("unknown option %s", option);
        i++;
    }
    if (!updates && !quiet)
        updates = 1;

    client = create_client(bits);
    if (!client)
        fail("no memory");
    client->serverHost = strdup(argv[1]);
    client->serverPort = number("PORT", argv[2], 1, 65535);
    client->GetPassword = on_password;
    client->appData.encodingsString = encodings;
    client->appData.compressLevel = compress >= 0 ? compress : 10;
    client->appData.qualityLevel = quality >= 0 ? quality : 10;
    client->appData.enableJPEG = quality >= 0;
    client->appData.useRemoteCursor = cursor;
    client->canHandleNewFBSize = TRUE;
    client->GotFrameBufferUpdate = on_rectangle;
    client->FinishedFrameBufferUpdate = on_update;
    client->GotCursorShape = on_cursor;
    put_bitmap = client->GotBitmap;
    put_fill = client->GotFillRect;
    put_copy = client->GotCopyRect;
    client->GotBitmap = on_bitmap;
    client->GotFillRect = on_fill;
    client->GotCopyRect = on_copy;
    /* Where it fails it has freed the client. */
    if (!rfbInitClient(client, NULL, NULL))
        fail("cannot connect to %s port %s", argv[1], argv[2]);

    take_updates(client, updates, quiet);
    if (picture)
        write_picture(client, picture);
    if (shape)
        write_shape(client, shape);
    printf("width=%d height=%d bytes_per_pixel=%d updates=%ld rectangles=%ld bitmaps=%ld fills=%ld copies=%ld cursors=%ld "
           "cursor_width=%d cursor_height=%d hot_x=%d hot_y=%d received=%llu\n",
           client->width, client->height, client->format.bitsPerPixel / 8, seen.updates, seen.rectangles, seen.bitmaps,
           seen.fills, seen.copies, seen.cursors, seen.cursor_width, seen.cursor_height, seen.cursor_hot_x,
           seen.cursor_hot_y, received(client));
    free(client->frameBuffer);
    client->frameBuffer = NULL;
    rfbClientCleanup(client);
    return 0;
}
