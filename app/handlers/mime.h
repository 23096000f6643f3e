/* mime.h: the media type of a file, by the end of its name. */
#ifndef WEIR_APP_MIME_H
#define WEIR_APP_MIME_H

/** Returns a value for Content-Type; application/octet-stream if the name says nothing. */
const char *mime_type(const char *path);

#endif
