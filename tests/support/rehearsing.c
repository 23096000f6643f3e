/* support/rehearsing.c: see rehearsing.h. */
#include "support/rehearsing.h"

#include "support/metrics.h"
#include "support/must.h"

static void *rehearse(void *arg)
{
	struct rehearsing *rehearsing = arg;

	rehearsing->result =
		weir_server_rehearse(rehearsing->server, &rehearsing->options, &rehearsing->out);
	return NULL;
}

void rehearsing_begin(struct rehearsing *rehearsing, weir_server *server, double fraction,
		      weir_time timeout)
{
	*rehearsing = (struct rehearsing){.server = server,
					  .options = {.fraction = fraction, .timeout = timeout}};
	must(pthread_create(&rehearsing->thread, NULL, rehearse, rehearsing) == 0, "no thread");
}

void rehearsing_await_pause(struct rehearsing *rehearsing)
{
	metrics_await(rehearsing->server, "weir_intake_paused", 1);
}

void rehearsing_end(struct rehearsing *rehearsing, int result)
{
	must(pthread_join(rehearsing->thread, NULL) == 0, "not joined");
	must(rehearsing->result == result, "a rehearsal gave %d, expected %d", rehearsing->result,
	     result);
}
