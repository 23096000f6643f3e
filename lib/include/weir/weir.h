/* weir/weir.h: all of Weir. Each header can be included alone. */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/handover.h>
#include <weir/interrupt.h>
#include <weir/io.h>
#include <weir/later.h>
#include <weir/log.h>
#include <weir/queue.h>
#include <weir/rehearse.h>
#include <weir/report.h>
#include <weir/request.h>
#include <weir/response.h>
#include <weir/routes.h>
#include <weir/server.h>
#include <weir/stack.h>
#include <weir/sync.h>
#include <weir/systemd.h>
#include <weir/task.h>
#include <weir/time.h>
#include <weir/tls.h>
#include <weir/token.h>
#include <weir/upgrade.h>
#include <weir/visibility.h>

#endif
