/* config_trust.h: a configuration that everybody may write to is nobody's.
 *
 * It names programs to run, files to serve and sockets to open: who can write to it, or put another
 * one in its place, is who runs the server.
 */
#ifndef WEIR_APP_CONFIG_TRUST_H
#define WEIR_APP_CONFIG_TRUST_H

#include "complain.h"

/** Looks at the file that was opened as `name`, at the directory of that name, and at all those in
 *  which the file itself stands, up to the root. What is no regular file, a pipe of a shell for
 *  instance, is taken as it is. Returns 0; or what fstat() or another call said, or -EPERM, with
 *  what is wrong in `why`. */
int config_trust(const char *name, int fd, char why[COMPLAIN_SIZE]);

#endif
