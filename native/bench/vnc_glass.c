/*
 * A VNC client that decodes (libvncclient), and tells when it had which of the emulated guest's frames.
 *
 *   vnc_glass PORT raw|zlib|tight|zrle SECONDS
 *
 * Prints a line for each update: the number in the bar code at the upper left corner, and when the update was decoded
 * (CLOCK_MONOTONIC, ns). Only frames that were not seen before are told.
 */
#include <rfb/rfbclient.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CODE_CELL = 8, CODE_BITS = 32 };

static uint32_t last_frame;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void decoded(rfbClient *client)
{
	int64_t time = now();
	const uint32_t *line = (const uint32_t *)client->frameBuffer + (size_t)client->width * (CODE_CELL / 2);
	uint32_t frame = 0;

	for (int bit = 0; bit < CODE_BITS; bit++)
		frame |= (line[bit * CODE_CELL + CODE_CELL / 2] & 1) << bit;
	if (frame != last_frame)
		printf("%u %lld\n", frame, (long long)time);
	last_frame = frame;
}

static void no_log(const char *format, ...)
{
	(void)format;
}

int main(int argc, char **argv)
{
	rfbClient *client = rfbGetClient(8, 3, 4);
	int64_t end;

	if (argc != 4 || !client) {
		fprintf(stderr, "usage: vnc_glass PORT raw|zlib|tight|zrle SECONDS\n");
		return 2;
	}
	rfbClientLog = no_log;
	client->serverHost = strdup("127.0.0.1");
	client->serverPort = atoi(argv[1]);
	client->format.redShift = 16;
	client->format.greenShift = 8;
	client->format.blueShift = 0;
	client->appData.encodingsString = argv[2];
	client->appData.compressLevel = 2;
	client->appData.enableJPEG = FALSE;
	client->appData.useRemoteCursor = FALSE;
	client->FinishedFrameBufferUpdate = decoded;
	if (!rfbInitClient(client, NULL, NULL)) {
		fprintf(stderr, "vnc_glass: no connection to port %s\n", argv[1]);
		return 1;
	}
	end = now() + atoi(argv[3]) * 1000000000LL;
	while (now() < end) {
		int ready = WaitForMessage(client, 100000);

		if (ready < 0 || (ready > 0 && !HandleRFBServerMessage(client))) {
			fprintf(stderr, "vnc_glass: the server closed the connection\n");
			return 1;
		}
	}
	rfbClientCleanup(client);
	return 0;
}
